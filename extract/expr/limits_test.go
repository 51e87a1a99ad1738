package expr

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLimits: what would take for ever or fill memory ends with an error, soon.
func TestLimits(t *testing.T) {
	t.Parallel()
	long := "[" + strings.Repeat("1,", 2000) + "1]"
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	vars := testVars()
	vars.Values["response"] = json.RawMessage(`{"deep":` + deep + `,"long":` + long + `,"wide":"` + strings.Repeat("x", 600_000) + `"}`)
	for _, text := range []string{
		"{{ 2 ** (10 ** 9) }}", "{{ 2 ** 100000 }}", "{{ 9999 ** 9999 }}", "{{ 'x' * 10 ** 9 }}", "{{ 'x' * 10 ** 30 }}", "{{ [1] * 10 ** 9 }}", "{{ [[1] * 1000] * 100000 }}",
		"{{ response.wide ~ response.wide }}", "{{ response.wide + response.wide }}", "{{ response.wide * 2 }}", "{{ response.wide }}{{ response.wide }}", "{{ [response.wide, response.wide] | join }}",
		"{{ '%2000d' % 1 }}", "{{ '{:2000}'.format(1) }}", "{{ '%.99999999999999999999f' % 1 }}", "{{ 'a'.zfill(100000) }}", "{{ response.wide.replace('x', 'xxxx') }}", "{{ '{0}{0}'.format(response.wide) }}", "{{ '%s%s' % (response.wide, response.wide) }}",
		"{% for a in response.long %}{% for b in response.long %}{{ '' }}{% endfor %}{% endfor %}", "{% for a in response.long %}{% for b in response.long %}{% endfor %}{% endfor %}",
		"{{ response.deep ~ '' }}", "{{ response.deep | tojson }}", "{{ response.deep == response.deep ~ '' or [response.deep] == [response.deep] }}", "{{ 'x' | regex_search('(' ~ 'a' * 2000 ~ ')') }}",
		"{{ duration('P99999999999Y') }}", "{{ duration('P9999999D') }}", "{{ now_utc() + duration('P9999Y') }}", "{{ day_delta(10 ** 12) }}", "{{ 1e308 * 10 }}", "{{ 10 ** 400 / 1 }}", "{{ -1.0 ** 0.5 }}", "{{ '1e400' | int(1) / 0 }}",
		"{{ 'x' | regex_search('(a{999})(b{999})(c{999})') }}", "{{ 2 ** 4000 * 2 ** 4000 }}", "{{ (response.wide ~ response.wide) | length }}", "{{ response.wide | regex_search('(a?){400}b') }}", "{{ response.wide | regex_replace('x', '') }}",
		"{% set w = response.wide %}{% set v = response['wide'] %}{% for a in response.long %}{% for b in response.long %}{{ '' if w == v and w <= v and w.startswith(v) and w in v }}{% endfor %}{% endfor %}",
		"{% for a in response.long %}{{ response.long == [1] or response.long[-1] == response.long + [1] }}{% endfor %}", "{% for a in response.long %}{{ '' if response | length == 0 }}{{ '' if response == {} }}{% for b in response.long %}{{ '' if response.long | length }}{% endfor %}{% endfor %}",
		"{% for a in response.long %}{{ response.wide | upper | length }}{% endfor %}", "{% for a in response.long %}{{ response.wide | length }}{{ response.get('wide') | length }}{% endfor %}",
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		begin := time.Now()
		if v, err := tmpl.Text(vars); err == nil {
			t.Errorf("%s gives %.40s", text, v)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("%s took %s", text, took)
		}
	}
}

// TestLazy: a condition on a page does not decode the records.
func TestLazy(t *testing.T) { // not parallel: it counts allocations
	tmpl, err := ParseExpression("not response.get('pages', {}).get('next')", testScope)
	if err != nil {
		t.Fatal(err)
	}
	for next, want := range map[string]bool{`null`: true, `{"token":"x"}`: false, `""`: true} {
		page := pageOf(next)
		var v any
		allocated := testing.AllocsPerRun(10, func() {
			v, err = tmpl.Value(Vars{Values: map[string]any{"response": JSON(page)}})
		})
		if err != nil || v != want {
			t.Errorf("%s: got %v, %v", next, v, err)
		}
		if allocated > 60 {
			t.Errorf("%s: %v allocations for %d bytes", next, allocated, len(page))
		}
	}
}

// pageOf is a page of some 200 KB.
func pageOf(next string) []byte {
	var b strings.Builder
	b.WriteString(`{"type":"list","data":[`)
	for i := range 150 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%024d","name":"Someone %d","email":"someone%d@example.com","created_at":17000%05d,"note":"%s","tags":{"data":[1,2,3],"has_more":false}}`,
			i, i, i, i, strings.Repeat("long text \\\"quoted\\\" ", 55))
	}
	b.WriteString(`],"pages":{"page":1,"next":` + next + `}}`)
	return []byte(b.String())
}

func BenchmarkStopCondition(b *testing.B) {
	tmpl, err := ParseExpression("not response.get('pages', {}).get('next')", testScope)
	if err != nil {
		b.Fatal(err)
	}
	page := pageOf(`{"token":"x"}`)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Value(Vars{Values: map[string]any{"response": JSON(page)}}); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range values {
		f.Add(c[0], `{"a":[1,2.5,"x",{"b":null}]}`)
	}
	f.Add("{% for x in response %}{{ x }}{% endfor %}", `[1,[2],{"a":"\ud800"}]`)
	f.Add("{{ response.a }}", `{"a`)
	f.Fuzz(func(t *testing.T, text, response string) {
		vars := testVars()
		vars.Values["response"] = json.RawMessage(response)
		for _, parse := range []func(string, Scope) (*Template, error){Parse, ParseExpression} {
			tmpl, err := parse(text, testScope)
			if err != nil {
				continue
			}
			if s, err := tmpl.Text(vars); err == nil && len(s) > maxText {
				t.Errorf("%d bytes of text", len(s))
			}
			v, err := tmpl.Value(vars)
			if err != nil {
				continue
			}
			raw, err := AppendJSON(nil, v)
			if err == nil && json.Valid([]byte(response)) && !json.Valid(raw) {
				t.Errorf("%s gives %s, which is no JSON", text, raw)
			}
			Truth(v)
		}
	})
}

// FuzzLazy: what is found in the bytes is what a parser finds.
func FuzzLazy(f *testing.F) {
	f.Add(`{"a":{"b":[1,2,{"c":"\"}"}]},"a":3}`, "a")
	f.Add(`[1, "x" ,{}]`, "")
	f.Fuzz(func(t *testing.T, text, name string) {
		if !json.Valid([]byte(text)) {
			JSON([]byte(text))
			return
		}
		var members map[string]json.RawMessage
		v, isObject := JSON([]byte(text)).(*object)
		if json.Unmarshal([]byte(text), &members) != nil || !isObject {
			return
		}
		if v.Len() != len(members) || Truth(v) != (len(members) > 0) {
			t.Errorf("%s: %d members", text, v.Len())
		}
		for name, want := range members {
			got, ok := v.Get(name)
			if !ok || !sameJSON(t, jsonOf(t, got), string(want)) {
				t.Errorf("%s: %q is %v", text, name, got)
			}
		}
		if _, ok := v.Get(name); ok != (members[name] != nil) {
			t.Errorf("%s: has %q: %t", text, name, ok)
		}
	})
}
