package extract

import (
	"encoding/json"
	"net/url"
	"testing"
)

func anything(placeholder) error { return nil }

func TestTemplates(t *testing.T) {
	t.Parallel()
	v := &variables{
		config:   map[string]string{"name": "a/b é?"},
		interval: map[string]json.RawMessage{"start_time": json.RawMessage("5")},
		slice:    func(string) (json.RawMessage, error) { return json.RawMessage(`"x"`), nil },
	}
	for text, want := range map[string]string{
		"plain": "plain", "": "", "{{config.name}}": "a%2Fb%20%C3%A9%3F", "/{{ stream_slice.id }}/{{ stream_interval.start_time }}/": "/x/5/",
	} {
		tmpl, err := compileTemplate(text, anything)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.render(v, url.PathEscape); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"{{", "{{ }}", "{{ a }}", "{{ a.b.c }}", "{{ a.b | c }}", "{{ a['b'] }}", "{% if %}", "{# #}", "{{ a.b or 1 }}", "{{ 'x' }}"} {
		if _, err := compileTemplate(text, anything); err == nil {
			t.Errorf("%s passes", text)
		}
	}
}

func TestBodyKeepsTypes(t *testing.T) {
	t.Parallel()
	text := `name: shop
settings: { word: { default: w } }
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
        list: [1, 2.5, true, null, "1", '<&>']
        page: { size: 10 }
      paginator: { type: cursor, cursor_path: next, cursor_body_path: page.after.token }
`
	src, err := Load("shop.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := src.Resource("a")
	v := &variables{config: map[string]string{"word": "w"}, interval: r.Incremental.interval(window(1, 2), OrderAsc)}
	for token, page := range map[string]string{"": `{"size":10}`, `x"`: `{"size":10,"after":{"token":"x\""}}`} {
		got, err := r.request.body.appendTo(nil, v, token)
		want := `{"from":"2026-03-10T12:00:00Z","mixed":"from 2026-03-10T12:00:00Z","word":"w","list":[1,2.5,true,null,"1","<&>"],"page":` + page + `}`
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}
