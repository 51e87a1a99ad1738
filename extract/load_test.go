package extract

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestIntercomsThirteenResources(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	describe := func(r *Resource) string {
		var key []string
		for _, k := range r.Key {
			if k.FromParent {
				k.Name = "^" + k.Name
			}
			key = append(key, k.Name)
		}
		how := "snapshot"
		if r.Incremental != nil {
			how = fmt.Sprintf("%s %s/%s", r.CursorPath, r.Incremental.RowOrder, r.Incremental.LiveRowOrder)
		}
		if r.Parent != nil {
			how = fmt.Sprintf("of %s, refresh %s", r.Parent.Name, r.Refresh)
		}
		if r.Singleton {
			how += ", singleton"
		}
		return fmt.Sprintf("%s (%s) %s, deletes %s", r.Name, strings.Join(key, ", "), how, r.Deletes)
	}
	var got []string
	for _, r := range src.Resources {
		got = append(got, describe(r))
	}
	want := []string{
		"admins (id) snapshot, deletes listing",
		"tags (id) snapshot, deletes listing",
		"teams (id) snapshot, deletes listing",
		"segments (id) snapshot, deletes listing",
		"company_attributes (full_name) snapshot, deletes listing",
		"contact_attributes (full_name) snapshot, deletes listing",
		"companies (id) snapshot, singleton, deletes listing",
		"company_segments (^company_id, id) of companies, refresh listing, deletes parent",
		"contacts (id) updated_at asc/desc, deletes none",
		"conversations (id) updated_at asc/asc, deletes none",
		"conversation_parts (^conversation_id, id) of conversations, refresh parent, deletes parent",
		"tickets (id) updated_at asc/asc, deletes none",
		"activity_logs (id) created_at desc/desc, deletes never",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	companies := src.Resource("companies")
	if !companies.Drain || len(companies.Children) != 1 || companies.Children[0].Root() != companies {
		t.Error("companies are not drained before their segments")
	}
	if len(src.Roots()) != 11 || src.Resource("nothing") != nil || src.Resource("conversation_parts").ListingCap != 500 {
		t.Error("roots, or the cap")
	}
	inc := src.Resource("contacts").Incremental
	if inc.QueryMargin != 48*time.Hour || inc.Lookback != 5*time.Minute || inc.endInQuery || !src.Resource("tickets").Incremental.endInQuery {
		t.Errorf("%+v", inc)
	}
	if c := companies.Columns[0]; c != (Column{Path: "company_id", Type: "text", Doc: "The customer's own id. It may change."}) {
		t.Errorf("its own column does not come first: %+v", c)
	}
	for _, s := range src.Settings {
		if s.Description == "" || s.Secret != (s.Name == "access_token") || s.Required != s.Secret {
			t.Errorf("setting %+v", s)
		}
	}
}

// small is a source file that is right; tests spoil it.
const small = `name: shop
client:
  base_url: "{{ config.base_url }}"
  auth: { type: bearer, token: "{{ config.token }}" }
settings:
  token: { secret: true, required: true }
  base_url: { type: url, default: "https://api.example.com" }
  since: { type: datetime }
resource_defaults:
  primary_key: id
  endpoint: { method: GET, params: { a: 1, b: 2 }, data_selector: data }
  columns:
    "**.*_at": { data_type: timestamp }
    note: { data_type: text }
resources:
  - name: orders
    incremental: { cursor_path: updated_at, row_order: asc, initial_value: "{{ config.since }}" }
    columns: { note: { data_type: json } }
    endpoint: { path: /orders, params: { b: 3, since: "{{ stream_interval.start_time }}" } }
  - name: items
    parent: orders
    include_from_parent: { order_id: id }
    primary_key: [order_id, id]
    endpoint: { path: "/orders/{{ stream_slice.id }}/items" }
`

func TestDefaultsAreMerged(t *testing.T) {
	t.Parallel()
	src, err := Load("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	orders, items := src.Resource("orders"), src.Resource("items")
	var params []string
	for _, p := range orders.request.params {
		text, _ := p.value.Literal()
		params = append(params, p.name+"="+text)
	}
	if got := strings.Join(params, " "); got != "b=3 since= a=1" {
		t.Errorf("params %s", got)
	}
	want := []Column{{"note", "json", ""}, {"**.*_at", "timestamp", ""}}
	if diff := cmp.Diff(want, orders.Columns); diff != "" {
		t.Error(diff)
	}
	if items.Deletes != DeletesParent || items.Refresh != RefreshParent || len(items.request.actions) != 2 || orders.Deletes != DeletesNone {
		t.Errorf("items: deletes %v, refresh %v", items.Deletes, items.Refresh)
	}
}

func TestMistakesInSourceFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ from, to, want string }{
		"unknown field":        {"row_order: asc", "row_ordr: asc", `small.yaml:17:45: unknown field "row_ordr" (did you mean "row_order"?)`},
		"unknown top field":    {"name: shop", "name: shop\nfoo: 1", `2:1: unknown field "foo" of the source (known: name, `},
		"not built yet":        {"- name: orders", "- name: orders\n    table_name: x", `17:5: field "table_name" of a resource is not supported yet`},
		"write disposition":    {"- name: orders", "- name: orders\n    write_disposition: append", `17:24: write_disposition: append has no meaning in a compacted topic`},
		"skip":                 {"- name: orders", "- name: orders\n    write_disposition: skip", `17:24: write_disposition: skip is written selected: false`},
		"replace by time":      {"- name: orders", "- name: orders\n    write_disposition: replace", `17:24: write_disposition: replace wants a complete listing`},
		"replace, undeleted":   {"- name: items", "- name: items\n    write_disposition: replace\n    deletes: never", `22:14: write_disposition: replace deletes what a listing lacks, deletes: never does not`},
		"incremental twice":    {"path: /orders,", "path: /orders, incremental: { cursor_path: a },", `incremental is given beside endpoint and in it`},
		"lag and lookback":     {"row_order: asc", "row_order: asc, lag: 5, lookback: 5s", `two names of one thing`},
		"step":                 {"row_order: asc", "row_order: asc, step: 0s", `step: want a length of time`},
		"param twice":          {"row_order: asc", "row_order: asc, start_param: since", `start_param: parameter "since" is under params already`},
		"end value":            {"row_order: asc", "row_order: asc, end_value: tomorrow", `end_value: want a setting`},
		"auth":                 {"type: bearer", "type: oauth2_client_credentials", `4:44: auth of type oauth2_client_credentials has no field "token"`},
		"auth misspelt":        {"type: bearer", "type: baerer", `unknown type "baerer" (did you mean "bearer"?)`},
		"no token":             {`, token: "{{ config.token }}"`, ``, `4:9: auth of type bearer has no token`},
		"paginator":            {"path: /orders,", "path: /orders, paginator: ofset,", `19:43: unknown type "ofset" (did you mean "offset"?)`},
		"paginator's field":    {"path: /orders,", "path: /orders, paginator: { type: json_link, next_url_path: a, cursor_param: b },", `paginator of type json_link has no field "cursor_param"`},
		"cursor without body":  {"path: /orders,", "path: /orders, paginator: { type: cursor, cursor_path: x, cursor_body_path: c },", `cursor_body_path wants a body`},
		"token in the body":    {"path: /orders,", "path: /orders, method: POST, body: { c: 1 }, paginator: { type: cursor, cursor_path: x, cursor_body_path: c },", `"c" is in the body already`},
		"scroll denied":        {"path: /orders,", "path: /orders, paginator: { type: scroll, cursor_param: b },", `17:18: an incremental resource cannot be read by a scroll`},
		"singleton substream":  {"- name: items", "- name: items\n    singleton: true", `21:16: singleton is for resources that have no parent`},
		"polled substream":     {"- name: items", "- name: items\n    poll_interval: 1m", `21:20: poll_interval is for resources that have no parent`},
		"one moment of time":   {"- name: orders", "- name: orders\n    consistent: true", `17:17: consistent is for resources that are read whole`},
		"several at a time":    {"- name: orders", "- name: orders\n    singleton: false\n    drain: false\n    endpoint: { path: a, paginator: { type: scroll, cursor_param: b } }\n  - name: x", `17:16: singleton: a scroll is one at a time`},
		"scroll not drained":   {"- name: orders", "- name: orders\n    drain: false\n    endpoint: { path: a, paginator: { type: custom, cursor_param: b } }\n  - name: x", `17:12: drain: a scroll does not live long enough`},
		"no paginator type":    {"path: /orders,", "path: /orders, paginator: { limit: 5 },", `paginator has no type`},
		"no limit":             {"path: /orders,", "path: /orders, paginator: offset,", `19:43: paginator of type offset has no limit`},
		"endless pages":        {"path: /orders,", "path: /orders, paginator: { type: page_number, stop_after_empty_page: false },", `nothing would end the listing`},
		"page before the base": {"path: /orders,", "path: /orders, paginator: { type: page_number, base_page: 1, page: 0 },", `page: the first page is 1, by base_page`},
		"page in no body":      {"path: /orders,", "path: /orders, paginator: { type: page_number, page_body_path: p },", `page_body_path wants a body`},
		"limit twice":          {"path: /orders,", "path: /orders, paginator: { type: offset, limit: 5, limit_param: b },", `limit: parameter "b" is under params already`},
		"size in no body":      {"path: /orders,", "path: /orders, paginator: { type: cursor, page_size: 5, page_size_body_path: a },", `page_size_body_path wants a body`},
		"no size":              {"path: /orders,", "path: /orders, paginator: { type: cursor, page_size_param: a },", `page_size_param: there is no page_size to send`},
		"stop condition":       {"path: /orders,", "path: /orders, paginator: { type: cursor, stop_condition: \"not respons.next\" },", `stop_condition: unknown name "respons" (did you mean "response"?)`},
		"scroll's parameter":   {"path: /orders,", "path: /orders, paginator: custom,", `has no cursor_param`},
		"body with GET":        {"path: /orders,", "path: /orders, body: { c: 1 },", `a body wants method: POST`},
		"body and json":        {"path: /orders,", "path: /orders, method: POST, body: { c: 1 }, json: { d: 1 },", `two names of one thing`},
		"body without form":    {"path: /orders,", "path: /orders, method: POST, body: { c: .inf },", `has no JSON form`},
		"duplicate":            {"- name: items", "- name: orders", `20:11: resource "orders" is given twice`},
		"bad name":             {"- name: orders", "- name: Orders", `name "Orders": want lower-case letters`},
		"reserved name":        {"- name: orders", "- name: _orders", `name "_orders": want`},
		"no such parent":       {"parent: orders", "parent: order", `21:13: no resource "order" (did you mean "orders"?)`},
		"own parent":           {"parent: orders", "parent: items", `cannot be its own parent`},
		"no key":               {"  primary_key: id\n", "", `resource "orders" has no primary_key`},
		"parent's part last":   {"[order_id, id]", "[id, order_id]", `23:23: primary_key: the parent's fields come first`},
		"key without parent":   {"[order_id, id]", "id", `begins with a field of its parent`},
		"key without own part": {"[order_id, id]", "order_id", `has no field of the record's own`},
		"key twice":            {"[order_id, id]", "[order_id, id, id]", `names "id" twice`},
		"no endpoint":          {`    endpoint: { path: "/orders/{{ stream_slice.id }}/items" }`, "", `resource "items" asks the same of every parent`},
		"unknown setting":      {"config.token", "config.tokn", `4:36: token: no setting "tokn" (did you mean "token"?)`},
		"unknown interval":     {"stream_interval.start_time", "stream_interval.start", `no {{ stream_interval.start }}`},
		"unknown scope":        {"stream_interval.start_time", "stream_intervall.start_time", `19:59: params since: unknown name "stream_intervall" (did you mean "stream_interval"?)`},
		"interval without":     {"path: \"/orders/{{ stream_slice.id }}/items\"", "path: \"/{{ stream_interval.start_time }}\"", `wants the resource to be incremental`},
		"slice without parent": {"path: /orders,", "path: \"/{{ stream_slice.id }}\",", `wants the resource to have a parent`},
		"slice in client":      {"{{ config.base_url }}", "{{ stream_slice.id }}", `only settings have`},
		"unknown by get":       {"stream_interval.start_time", "stream_interval.get('start_tme')", `19:59: params since: no {{ stream_interval.start_tme }} (did you mean "start_time"?)`},
		"unknown filter":       {"stream_interval.start_time", "stream_interval.start_time | strng", `unknown filter "strng" (did you mean "string"?)`},
		"unknown in a block":   {"{ path: \"/orders/{{ stream_slice.id }}/items\" }", "\n      path: |\n        /{{ stream_slice.id }}\n        /é{{ stream_slise.id }}", `27:14: path: unknown name "stream_slise" (did you mean "stream_slice"?)`},
		"whole slice":          {"path: /orders,", "path: \"/{{ stream_partition | length }}\",", `19:28: path: {{ stream_slice }} wants the resource to have a parent`},
		"clock":                {"stream_interval.start_time", "stream_interval.start_time or now_utc()", `now_utc is not available here: the same request must be asked again`},
		"computed initial":     {"{{ config.since }}", "{{ config.since or '2026-01-01' }}", `initial_value: want a setting`},
		"statement":            {"path: /orders,", "path: \"{% if x %}\",", `path: unknown name "x"`},
		"include":              {"path: /orders,", "path: \"{% include 'x' %}\",", `19:27: path: {% include %} is not available: nothing is read from files`},
		"open braces":          {"{{ stream_interval.start_time }}", "{{ stream_interval.start_time", `{{ without }}`},
		"start unused":         {", since: \"{{ stream_interval.start_time }}\"", "", `never uses {{ stream_interval.start_time }}`},
		"orders differ":        {"row_order: asc", "row_order: asc, live_row_order: desc", `never uses {{ stream_interval.row_order }}`},
		"initial value":        {"{{ config.since }}", "soon", `initial_value: want a setting`},
		"initial setting":      {"{{ config.since }}", "{{ config.token }}", `setting "token" is not of type datetime`},
		"cursor format":        {"row_order: asc", "row_order: asc, cursor_format: unix_sm", `unknown cursor_format "unix_sm" (did you mean "unix_ms"?)`},
		"column type":          {"data_type: json", "data_type: jsn", `unknown data_type "jsn" (did you mean "json"?)`},
		"column type later":    {"data_type: json", "data_type: decimal", `data_type "decimal" is not supported yet`},
		"column without type":  {"note: { data_type: json }", "n: { description: x }", `column "n" has no data_type`},
		"column pattern":       {"note: { data_type: json }", "\"a**.b\": { data_type: json }", `column "a**.b": want names joined with dots`},
		"deletes listing":      {"- name: orders", "- name: orders\n    deletes: listing", `deletes: listing is for resources that are read whole`},
		"deletes parent":       {"- name: orders", "- name: orders\n    deletes: parent", `deletes: parent is for resources that have a parent`},
		"refresh":              {"- name: orders", "- name: orders\n    refresh: parent", `refresh is for resources that have a parent`},
		"duration":             {"row_order: asc", "row_order: asc, lookback: 5", `lookback: want a length of time such as 30s`},
		"number":               {"- name: orders", "- name: orders\n    listing_cap: many", `listing_cap: want a whole number`},
		"boolean":              {"- name: orders", "- name: orders\n    consistent: \"yes\"", `consistent: want true or false, not text`},
		"text":                 {"name: shop", "name: [shop]", `name: want text, not a list`},
		"mapping":              {"- name: items", "- [items]\n  - name: items", `20:5: a resource: want a mapping, not a list`},
		"selector":             {"data_selector: data", "data_selector: \"$.data[?(@.a)]\"", `data_selector: want member names joined with dots`},
		"action":               {"path: /orders,", "path: /orders, response_actions: [{ status_code: 600, action: ignore }],", `19:66: status_code: want a status such as 404`},
		"no resources":         {"resources:\n", "resources: []\nx:\n", `no list of resources`},
		"twice":                {"name: shop", "name: shop\nname: shop2", `2:1: mapping key "name" already defined`},
		"not YAML":             {"name: shop", "name: [shop", `2:1: ',' or ']' must be specified`},
		"two documents":        {"resources:\n", "---\nresources:\n", `a source file is one document`},
		"default of a setting": {"https://api.example.com", "api.example.com", `default of setting "base_url": want a URL`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(small, test.from) == 0 {
				t.Fatalf("%q is not in the file", test.from)
			}
			_, err := Load("small.yaml", []byte(strings.Replace(small, test.from, test.to, 1)))
			var fe *FileError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, want a *FileError", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q in\n%v", test.want, err)
			}
		})
	}
}

// TestComputedMember: which field is used only shows later, so it may be any.
func TestComputedMember(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("row_order: asc", "row_order: asc, live_row_order: desc", "stream_interval.start_time", "stream_interval['start' ~ '_time']").Replace(small)
	src, err := Load("small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !src.Resource("orders").Incremental.endInQuery {
		t.Error("the query may hold the end, so a pass must not leave early")
	}
	text = strings.NewReplacer("- name: orders", "- name: orders\n    drain: true", "stream_slice.id", "stream_slice[config.token]").Replace(small)
	if _, err = Load("small.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "without naming the field") {
		t.Errorf("got %v", err)
	}
}

func TestAllMistakesAtOnceWithTheirPlace(t *testing.T) {
	t.Parallel()
	_, err := Load("bad.yaml", []byte("name: x\nclint: {}\nclient:\n  base_url: http://h\nresources:\n  - nme: a\n"))
	want := `bad.yaml:2:1: unknown field "clint" (did you mean "client"?)
     1 | name: x
>    2 | clint: {}
       | ^
bad.yaml:6:5: unknown field "nme" (did you mean "name"?)
     5 | resources:
>    6 |   - nme: a
       |     ^
bad.yaml:6:5: a resource has no name
     5 | resources:
>    6 |   - nme: a
       |     ^
bad.yaml:6:5: a resource has no primary_key
     5 | resources:
>    6 |   - nme: a
       |     ^`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "null", "[]", "x"} {
		if _, err := Load("empty.yaml", []byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := Load("big.yaml", make([]byte, maxFile+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("got %v", err)
	}
}

func TestDrainedParentGivesItsKeyOnly(t *testing.T) {
	t.Parallel()
	drained := strings.NewReplacer("- name: orders", "- name: orders\n    drain: true")
	if _, err := Load("small.yaml", []byte(drained.Replace(small))); err != nil {
		t.Fatalf("children that need the key: %v", err)
	}
	other := strings.NewReplacer("- name: orders", "- name: orders\n    drain: true", "stream_slice.id", "stream_slice.code")
	_, err := Load("small.yaml", []byte(other.Replace(small)))
	want := `resource "items" needs the field "code" of orders, of which only the key is kept`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestKeyRecord(t *testing.T) {
	t.Parallel()
	src, err := Load("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := src.Resource("items").KeyRecord("a%2Fb/7")
	if err != nil || string(rec.JSON) != `{"id":"7","order_id":"a/b"}` || rec.Key != "a%2Fb/7" {
		t.Errorf("got %+v, %v", rec, err)
	}
	if _, err := src.Resource("items").KeyRecord("7"); err == nil {
		t.Error("a key with a part missing was taken")
	}
}

// A file that cannot be read at all is one mistake, and nothing of it reaches a terminal.
func TestFilesThatAreNoSources(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"binary":       {"\x1b[2J\xff\xfe", "1:1: this is no text in UTF-8"},
		"UTF-16":       {"\xff\xfen\x00a\x00m\x00e\x00", "1:1: this is no text in UTF-8"},
		"zeros":        {"name: \x00", "1:1: this is no text in UTF-8"},
		"a list":       {"[]", "1:1: the source: want a mapping, not a list"},
		"a word":       {"name", "1:1: the source: want a mapping, not text"},
		"a tab":        {strings.Replace(small, "  - name: items", "\t- name: items", 1), "the line begins with a tab; YAML is indented with spaces"},
		"name, number": {strings.Replace(small, "- name: items", "- name: 204", 1), "name: want text, not a number"},
		"names, null":  {strings.Replace(small, "- name: items", "- name: null\n    primary_key: id\n  - name: null", 1), "a resource has no name"},
	} {
		_, err := Load("x.yaml", []byte(test.text))
		var file *FileError
		if !errors.As(err, &file) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen := map[string]bool{}
		for _, m := range file.Mistakes {
			seen[m.Message] = true
			if !utf8.ValidString(m.Excerpt) || strings.ContainsAny(m.Excerpt, "\x1b\x00") {
				t.Errorf("%s: the excerpt holds what a terminal must not be sent: %q", name, m.Excerpt)
			}
		}
		if !strings.Contains(err.Error(), test.want) || len(seen) != 1 {
			t.Errorf("%s: got %v, want %s and nothing else", name, err, test.want)
		}
	}
	if _, err := Load("x.yaml", []byte("\xef\xbb\xbf"+small)); err != nil {
		t.Errorf("a byte order mark: %v", err)
	}
}

// As in the reference: a resource that is only a name, an endpoint that is only a path, and paths of JSONPath that are plain ones.
func TestShortForms(t *testing.T) {
	t.Parallel()
	src, err := Load("x.yaml", []byte("name: x\nclient: { base_url: http://h }\nresource_defaults: { primary_key: id, endpoint: { data_selector: \"$.data[*]\", params: { a: 1 } } }\n"+
		"resources:\n  - posts\n  - { name: b, endpoint: /v2/b }\n  - { name: c, endpoint: { data_selector: $ } }\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"posts": "posts 1 [data]", "b": "/v2/b 1 [data]", "c": "c 1 []"} {
		spec := src.Resource(name).request
		path, _ := spec.path.Literal()
		if got := fmt.Sprint(path, " ", len(spec.params), " ", spec.selector); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// The reference's names for the bounds of a window.
func TestReferencesBounds(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(`"{{ stream_interval.start_time }}"`, `"{incremental.start_value}", until: "{incremental.end_value}"`).Replace(small)
	src, err := Load("small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var bounds []string
	for _, p := range src.Resource("orders").request.params {
		for _, ref := range p.value.References() {
			bounds = append(bounds, p.name+" "+ref.Member)
		}
	}
	if got := strings.Join(bounds, ", "); got != "since start_time, until end_time" {
		t.Error(got)
	}
}

// Two names of one thing: what the resource says counts before what the defaults say.
func TestLagOfTheDefaults(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]time.Duration{"lookback: 2m": 2 * time.Minute, "lag: 7": 7 * time.Second, "row_order: asc": time.Hour} {
		for _, of := range []string{"lookback: 1h", "lag: 3600"} {
			text := strings.NewReplacer("row_order: asc", own, "  endpoint: { method: GET", "  incremental: { "+of+" }\n  endpoint: { method: GET").Replace(small)
			text, _, _ = strings.Cut(text, "  - name: items")
			src, err := Load("small.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := src.Resource("orders").Incremental.Lookback; got != want {
				t.Errorf("%s after %s: %v", own, of, got)
			}
		}
	}
}
