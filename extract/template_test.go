package extract

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract/expr"
)

func anything(placeholder) error { return nil }

func TestTemplates(t *testing.T) {
	t.Parallel()
	v := &variables{
		config:   map[string]any{"name": "a/b é?", "unset": expr.Unset("setting unset"), "code": "007"},
		interval: map[string]json.RawMessage{"start_time": json.RawMessage("5"), "end_time": json.RawMessage("18446744073709551617")},
		slice:    expr.JSON([]byte(`{"id":"x","plan":{"id":7},"note":null}`)),
		parent:   `record "x" of shops`,
	}
	for text, want := range map[string]string{
		"plain": "plain", "": "", "{{config.name}}": "a%2Fb%20%C3%A9%3F", "/{{ stream_slice.id }}/{{ stream_interval.start_time }}/": "/x/5/",
		"{{ stream_partition['plan'].id }}/{{ stream_interval.end_time }}": "7/18446744073709551617", "a{{ config.unset }}b": "ab", "{{ config.get('unset', 0) }}": "0", "{{ config.code }}": "007",
		"{{ stream_interval.get('start_time', {}) or format_datetime(config['unset'], '%s') }}": "5", "{% if config.unset %}a/b{% else %}c/{{ 'd/' }}{% endif %}": "c/d%2F",
	} {
		tmpl, err := compileTemplate(text, anything)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.render(v, url.PathEscape); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"{{ stream_slice.no }}": `stream_slice.no has no value (stream_slice is record "x" of shops)`, "{{ stream_slice.note }}": "stream_slice.note is null", "{{ stream_slice.plan }}": "is a mapping", "{{ config.unset | int }}": "setting unset has no value",
	} {
		tmpl, err := compileTemplate(text, anything)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.render(v, asIs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"{{", "{{ }}", "{{ a }}", "{{ a.b.c }}", "{{ config.b | c }}", "{% if %}", "{% include 'x' %}", "{{ now_utc() }}", "{{ response.x }}"} {
		if _, err := compileTemplate(text, anything); err == nil {
			t.Errorf("%s passes", text)
		}
	}
}

func TestBodyKeepsTypes(t *testing.T) {
	t.Parallel()
	text := `name: shop
settings: { word: { default: w }, digits: { default: "007" } }
client: { base_url: "http://h" }
resources:
  - name: a
    primary_key: id
    incremental: { cursor_path: t, cursor_format: rfc3339, query_margin: 1s }
    endpoint:
      path: /a
      method: POST
      json:
        from: "{{ stream_interval.start_time }}"
        mixed: "from {{ stream_interval.start_time }}"
        word: "{{ config.word }}"
        digits: "{{ config.digits }}"
        computed: "{{ '1' ~ 2 }}"
        reference: "{{ stream_interval.get('start_time', {}) or format_datetime(config['word'], '%s') }}"
        nested: "{{ {'a': [config.digits]} }}"
        list: [1, 2.5, true, null, "1", '<&>']
        page: { size: 10 }
      paginator: { type: cursor, cursor_path: next, cursor_body_path: page.after.token }
`
	src, err := Load("shop.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := src.Resource("a")
	v := &variables{config: map[string]any{"word": "w", "digits": "007"}, interval: r.Incremental.interval(window(1, 2), OrderAsc)}
	for token, page := range map[string]string{"": `{"size":10}`, `x"`: `{"size":10,"after":{"token":"x\""}}`} {
		got, err := r.request.body.appendTo(nil, v, token)
		want := `{"from":"2026-03-10T12:00:00Z","mixed":"from 2026-03-10T12:00:00Z","word":"w","digits":"007","computed":12,"reference":"2026-03-10T12:00:00Z","nested":{"a":["007"]},"list":[1,2.5,true,null,"1","<&>"],"page":` + page + `}`
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}
