package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 3, 31, 13, 14, 15, 160_000_000, time.UTC)

func testVars() Vars {
	return Vars{Now: func() time.Time { return testNow }, Values: map[string]any{
		"config": map[string]any{"shop": "north", "since": "2025-05-06T07:08:09Z", "limit": 20, "empty": "", "unset": Unset("setting unset"), "code": "007", "on": true},
		"response": json.RawMessage(`{"items":[{"sku":"a-1","qty":3,"price":2.50},{"sku":"b-2","qty":0,"price":1e2}],
			"meta":{"next":null,"count":2,"big":18446744073709551617,"tags":["x","Y","x"],"_links":{"self":{"href":"/s"}}},"a\u0062":1,"n":1,"n":2}`),
		"headers": Folded(map[string]any{"Content-Type": "text/plain", "X-Left": "5"}),
		"window":  map[string]any{"from": 1700000000, "to": "1700000600"},
	}}
}

var testScope = Scope{Names: []string{"config", "response", "headers", "window"}, Absent: map[string]string{"parent": "wants a parent"}}

// values are templates and what they evaluate to, as JSON.
var values = [][2]string{
	// Literals.
	{"{{ 'it\\'s' }}", `"it's"`}, {"{{ \"a\" 'b' }}", `"ab"`}, {"{{ '\\u00e9\\x41\\q' }}", `"éA\\q"`}, {"{{ 0x1f + 0b11 }}", `34`},
	{"{{ 1_000 }}", `1000`}, {"{{ [1, 'a', none,] }}", `[1,"a",null]`}, {"{{ (1,) }}", `[1]`}, {"{{ 1, 2 }}", `[1,2]`},
	{"{{ {'b': 1, 'a': {'c': []}} }}", `{"b":1,"a":{"c":[]}}`}, {"{{ dict(a=1) }}", `{"a":1}`}, {"{{ 123456789012345678901234567890 }}", `123456789012345678901234567890`},
	// Arithmetic.
	{"{{ 7 // 2 }}", `3`}, {"{{ -7 // 2 }}", `-4`}, {"{{ -7 % 3 }}", `2`}, {"{{ 7 % -3 }}", `-2`}, {"{{ 6 / 3 }}", `2.0`}, {"{{ 2 ** 10 }}", `1024`},
	{"{{ 2 ** 0.5 > 1.4 }}", `true`}, {"{{ 2 ** -1 }}", `0.5`}, {"{{ 2 ** 3 ** 2 }}", `64`}, {"{{ -2 ** 2 }}", `4`}, {"{{ 0 ** 0 }}", `1`}, {"{{ (-1) ** 3 }}", `-1`},
	{"{{ 9223372036854775807 + 1 }}", `9223372036854775808`}, {"{{ 1 + 2 * 3 - 4 }}", `3`}, {"{{ 1 ~ 2 ~ 'x' }}", `"12x"`}, {"{{ true + 1 }}", `2`},
	{"{{ [1] + [2] }}", `[1,2]`}, {"{{ 3 * 'ab' }}", `"ababab"`}, {"{{ 7.5 // 2 }}", `3.0`}, {"{{ -7.5 % 2 }}", `0.5`}, {"{{ 0.1 + 0.2 }}", `0.30000000000000004`},
	{"{{ 1e16 }}", `1e+16`}, {"{{ 123456789.0 }}", `123456789.0`},
	// Comparisons and logic.
	{"{{ 1 < 2 < 3 }}", `true`}, {"{{ 1 < 2 > 3 }}", `false`}, {"{{ 1 == 1.0 }}", `true`}, {"{{ 9007199254740993 == 9007199254740992.0 }}", `false`},
	{"{{ 'a' < 'b' }}", `true`}, {"{{ [1, 2] < [1, 3] }}", `true`}, {"{{ {'a': [1]} == {'a': [1.0]} }}", `true`}, {"{{ [1] == (1,) }}", `false`},
	{"{{ not 1 == 2 }}", `true`}, {"{{ '' or [] or {} or 0 or 0.0 or none or 'end' }}", `"end"`}, {"{{ 1 and 'x' }}", `"x"`}, {"{{ 'a' if 0 }}", `null`},
	{"{{ 'a' if 0 else 'b' if 1 else 'c' }}", `"b"`}, {"{{ 2 not in [1, 3] and 'k' in {'k': 1} }}", `true`}, {"{{ none == response.nothing }}", `false`},
	// Members of what is there and what is not.
	{"{{ response.meta.next.token }}", `null`}, {"{{ response.get('meta').get('next').get('token') }}", `null`}, {"{{ response.meta.big }}", `18446744073709551617`},
	{"{{ response.meta.big - 1 }}", `18446744073709551616`}, {"{{ response['items'][0].price }}", `2.50`}, {"{{ response['items'][1].price + 1 }}", `101.0`},
	{"{{ response.items[-1].sku }}", `"b-2"`}, {"{{ response.ab }}", `1`}, {"{{ response.n }}", `2`}, {"{{ response.meta._links.self.href }}", `"/s"`},
	{"{{ response.meta.tags[1:] }}", `["Y","x"]`}, {"{{ 'abcdef'[1:5:2] }}", `"bd"`}, {"{{ 'abc'[::-1] }}", `"cba"`}, {"{{ headers['x-left'] }}", `"5"`},
	{"{{ headers.get('CONTENT-TYPE') }}", `"text/plain"`}, {"{{ response.gone is defined }}", `false`}, {"{{ response.gone | default(3) }}", `3`}, {"{{ config.empty | default(3, true) }}", `3`},
	{"{{ 'é日x'[1] }}", `"日"`}, {"{{ config.since.split('T').0 }}", `"2025-05-06"`}, {"{{ response.meta.keys() | list }}", `["next","count","big","tags","_links"]`},
	// Text that reads as a literal: only where it was computed.
	{"{{ config.code }}", `"007"`}, {"{{ window.to }}", `"1700000600"`}, {"{{ window.to ~ '' }}", `1700000600`}, {"{{ window.to | string }}", `"1700000600"`},
	{"{{ window['to'] or 1 }}", `1700000600`}, {"{{ '(' ~ 1 ~ ')' }}", `1`}, {"{{ '[1, \\'a\\', {}]' | trim }}", `[1,"a",{}]`}, {"{{ '-1' ~ '.5' }}", `-1.5`}, {"{{ '0' ~ '7' }}", `"07"`},
	{"{{ 'True' ~ '' }}", `true`}, {"{{ 'true' ~ '' }}", `"true"`}, {"{{ [1, 2] | join(',') }}", `"1,2"`}, {"{{ config.empty ~ '' }}", `""`},
	{"n{{ 1 }}", `"n1"`}, {"{{ 1 }}{{ 2 }}", `12`}, {`{"a": {{ window.from }}, "b": [{{ response.meta.tags }}]}`, `{"a":1700000000,"b":[["x","Y","x"]]}`}, {"12", `"12"`},
	// What is not set.
	{"{{ config.unset }}", `null`}, {"{{ config.unset | default(1) }}", `1`}, {"{{ config.get('unset', 2) }}", `2`}, {"{{ config.unset is defined or config.get('unset') }}", `null`}, {"P{{ config.unset }}D", `"PD"`}, {"{{ config.unset == '' }}", `true`},
	// Filters.
	{"{{ 'a b' | upper | replace('B', 'c') }}", `"A c"`}, {"{{ '12.7' | int }}", `12`}, {"{{ 'x' | int(-1) }}", `-1`}, {"{{ 'ff' | int(base=16) }}", `255`}, {"{{ '2.5' | float }}", `2.5`},
	{"{{ 2.5 | round }}", `2.0`}, {"{{ 2.675 | round(2) }}", `2.67`}, {"{{ 2.1 | round(method='ceil') }}", `3.0`}, {"{{ -3 | abs }}", `3`}, {"{{ (-3) | abs }}", `3`},
	{"{{ response['items'] | map(attribute='sku') | join('+') }}", `"a-1+b-2"`}, {"{{ response['items'] | selectattr('qty') | list | length }}", `1`},
	{"{{ response['items'] | rejectattr('qty', 'gt', 1) | map(attribute='sku') | first }}", `"b-2"`}, {"{{ [3, 1, 2] | sort(reverse=true) }}", `[3,2,1]`},
	{"{{ response.meta.tags | unique | list }}", `["x","Y"]`}, {"{{ ['b', 'A'] | sort }}", `["A","b"]`}, {"{{ response['items'] | sum(attribute='qty') }}", `3`},
	{"{{ response['items'] | max(attribute='qty') }}", `{"sku":"a-1","qty":3,"price":2.50}`}, {"{{ ['a', ''] | select | list }}", `["a"]`}, {"{{ [1, 2, 3] | reject('odd') | list }}", `[2]`},
	{"{{ ['1', '2'] | map('int') | sum }}", `3`}, {"{{ {'b': 1, 'a': '<'} | tojson }}", `{"a":"<","b":1}`}, {"{{ 'a/b c' | urlencode }}", `"a/b%20c"`},
	{"{{ {'q': 'a b', 'r': 1} | urlencode }}", `"q=a+b&r=1"`}, {"{{ 'é' | base64encode | base64decode }}", `"é"`}, {"{{ 'x' | hash('sha1') | length }}", `40`},
	{"{{ 'page=7&x' | regex_search('page=([0-9]+)') }}", `7`}, {"{{ 'none' | regex_search('(z)') }}", `""`}, {"{{ 'ab-cd' | regex_replace('(\\w+)-(\\w+)', '\\2$\\1') }}", `"cd$ab"`},
	{"{{ [] | first is undefined }}", `true`}, {"{{ 'abc' | reverse }}", `"cba"`}, {"{{ {'b': 2, 'a': 1} | dictsort }}", `[["a",1],["b",2]]`}, {"{{ ' x ' | trim | length }}", `1`},
	// Tests.
	{"{{ 3 is odd and 4 is divisibleby 2 and 4 is divisibleby(2) }}", `true`}, {"{{ 1 is sameas true }}", `false`}, {"{{ 'a' is in ['a'] }}", `true`}, {"{{ 1.0 is integer or true is integer }}", `false`},
	{"{{ response is mapping and response['items'] is sequence and 'x' is string and none is none }}", `true`}, {"{{ 'A' is upper and 5 is not string }}", `true`},
	// Methods and formats.
	{"{{ 'a,b,,c'.split(',', 2) }}", `["a","b",",c"]`}, {"{{ 'a.b.c'.rsplit('.', 1) }}", `["a.b","c"]`}, {"{{ ' a  b '.split() }}", `["a","b"]`}, {"{{ 'xxax'.strip('x') }}", `"a"`},
	{"{{ 'aaa'.replace('a', 'b', 2) }}", `"bba"`}, {"{{ 'abc'.endswith(('x', 'c')) }}", `true`}, {"{{ '7'.zfill(3) ~ '' }}", `"007"`}, {"{{ 'a-b'.partition('-') }}", `["a","-","b"]`},
	{"{{ '%05d|%-4s|%.2f|%x|%%' % (42, 'ab', 1.005, 255) }}", `"00042|ab  |1.00|ff|%"`}, {"{{ '%(a)s' % {'a': 'z'} }}", `"z"`}, {"{{ '{1}{0}{{}}{n:>4}{n:03d}'.format('a', 'b', n=5) }}", `"ba{}   5005"`},
	{"{{ '{:,.1f} {:^5} {!}'.format(1234.56, 'x') if false else '{:,.1f} {:^5}|'.format(1234.56, 'x') }}", `"1,234.6   x  |"`}, {"{{ 'hello world'.title() }}", `"Hello World"`},
	// Times.
	{"{{ now_utc().strftime('%Y-%m-%dT%H:%M:%S.%f%z') }}", `"2026-03-31T13:14:15.160000+0000"`}, {"{{ now_utc() }}", `"2026-03-31 13:14:15.160000+00:00"`}, {"{{ today_utc() }}", `"2026-03-31"`},
	{"{{ (now_utc() - duration('P1M')).strftime('%Y-%m-%d') }}", `"2026-02-28"`}, {"{{ (today_utc() + duration('P1Y')).isoformat() }}", `"2027-03-31"`}, {"{{ day_delta(1, '%Y%m%d') }}", `20260401`},
	{"{{ (now_utc() - str_to_datetime('2026-03-30T13:14:15.16Z')).days }}", `1`}, {"{{ timestamp('1970-01-01T00:01:00.5Z') }}", `60.5`}, {"{{ timestamp(90) }}", `90`},
	{"{{ format_datetime('06/05/2025', '%Y-%m-%d', '%d/%m/%Y') }}", `"2025-05-06"`}, {"{{ format_datetime(config.since, '%ms') }}", `1746515289000`}, {"{{ format_datetime(1700000000, '%Y') }}", `2023`},
	{"{{ today_with_timezone('Pacific/Auckland') }}", `"2026-04-01"`}, {"{{ str_to_datetime('2025-05-06 07:08:09+02:00').isoformat() }}", `"2025-05-06T07:08:09+02:00"`}, {"{{ now_utc() > str_to_datetime('2020-01-01') }}", `true`},
	{"{{ duration('PT1H30M').total_seconds() }}", `5400.0`}, {"{{ now_utc().year + now_utc().weekday() }}", `2027`}, {"{{ camel_case_to_snake_case('aBigDog') }}", `"a_big_dog"`}, {"{{ sanitize_url('a b/c') }}", `"a+b%2Fc"`},
	{"{{ max(1, 5, 2) - min([4, 3]) }}", `2`},
	// Statements.
	{"{% if config.on %}y{% elif 1 %}z{% else %}n{% endif %}", `"y"`}, {"{% if not config.on %}y{% elif config.limit > 10 %}z{% else %}n{% endif %}", `"z"`},
	{"{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }}{{ '&' if not loop.last }}{% endfor %}", `"a=1&b=2"`}, {"{% for x in [] %}x{% else %}none{% endfor %}", `"none"`},
	{"{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}:{{ x }};{% endfor %}", `"1:1;2:3;"`}, {"{% for x in 'abc' %}{{ loop.revindex }}{{ loop.nextitem | default('.') }}{{ loop.previtem | default('.') }}{{ loop.length }} {% endfor %}", `"3b.3 2ca3 1.b3 "`},
	{"{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{% endfor %}{{ x }}", `1`},
	{"{% set a, b = 'p', 'q' %}{{ b }}{{ a }}", `"qp"`}, {"a {{- 1 -}} b", `"a1b"`}, {"{# note #}x{#- n -#} y", `"xy"`}, {"{{ config.limit }}\n", `20`}, {"{ {a} }", `"{ {a} }"`},
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range values {
		tmpl, err := Parse(c[0], testScope)
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		v, err := tmpl.Value(testVars())
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if got := jsonOf(t, v); !sameJSON(t, got, c[1]) {
			t.Errorf("%s\n got  %s\n want %s", c[0], got, c[1])
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/{{ config.shop }}/{{ window.from }}": "/north/1700000000", "{{ true }} {{ 1.5 }} {{ 1000.0 }}": "true 1.5 1000.0", "{{ response.meta.big }}": "18446744073709551617",
		"{{ response['items'][0].price }}": "2.50", "{{ config.code }}": "007", "a{{ 'b' if config.empty }}": "a", "{{ config.empty }}": "", "plain": "plain", "{% if config.on %}x{% endif %}\n": "x", "a\n": "a\n",
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.Text(testVars()); got != want || err != nil {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	tmpl, err := Parse("a/b{{ 'c/d' }}{% if true %}/{% endif %}", testScope)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tmpl.EscapedText(testVars(), strings.ToUpper); got != "a/bC/D/" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestNoText: what has no place in a text is an error that names it, and holds no value.
func TestNoText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ response.gone.deeper }}": "response.gone has no value", "x{{ response.meta.next }}": "response.meta.next is null", "{{ response.meta }}": "response.meta is a mapping",
		"{{ [1] }}": "[1] is a list", "{{ config.unset | int }}": "setting unset has no value", "{{ (1 if 0) + 1 }}": "1 if 0, for lack of an else, has no value", "{{ 'a' ~ response.gone }}": "response.gone has no value", "{{ response.gone | upper }}": "response.gone has no value",
		"{{ '%s' % response.gone }}": "response.gone has no value", "{{ response.gone + 1 }}": "response.gone has no value", "{{ [response.gone] | join }}": "response.gone has no value",
		"{{ response.meta.next.x }}": "response.meta.next has no value", "{{ config.shop - 1 }}": "config.shop - 1: text - a number is not defined", "{{ config.shop < 1 }}": "text and a number have no order",
		"{{ config.shop.keys() }}": "text has no method keys", "{{ 1 / 0 }}": "division by zero", "{{ config.shop | hash('md6') }}": "unknown hash: want one of md5",
		"{{ config.shop | regex_search('(?=a)') }}": "RE2", "{{ format_datetime(config.empty, '%s') }}": "empty text", "{{ config.shop | round }}": "want a number",
		"{{ '%d' % 'x' }}": "whole number", "{{ '%d %d' % 1 }}": "more values", "{{ 'x' % 1 }}": "does not want", "{{ '%' % 1 }}": "ends after %", "{{ '%s-%s' % () }}": "more values", "{{ '{}'.format() }}": "more values",
		"{{ '{0.__class__}'.format(1) }}": "not available", "{{ '{x}'.format(1) }}": "has no value: only", "{{ '{:q!}'.format(1) }}": "format is unknown", "{{ '%(a)s' % {} }}": "lacks a name", "{{ now_utc().strftime('%Q') }}": "unknown directive", "{{ duration('P') }}": "length of time", "{{ 'a'.split('') }}": "empty separator", "{{ [1, 'a'] | sort }}": "no order",
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, err = tmpl.Text(testVars())
		var placed *Error
		if !errors.As(err, &placed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		} else if strings.Contains(err.Error(), "north") {
			t.Errorf("%s: the message holds a value: %v", text, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ confg.x }}": `3: unknown name "confg" (did you mean "config"?)`, "ab{{ zzzzzz | default('') }}": `5: unknown name "zzzzzz" (known: config, headers, response, window)`,
		"{{ zzzzzz is defined }}": `3: unknown name`, "{{ parent.id }}": "3: parent wants a parent", "{{ config.x | uper }}": `14: unknown filter "uper" (did you mean "upper"?)`,
		"{{ config is defind }}": `13: unknown test "defind" (did you mean "defined"?)`, "{{ now() }}": `3: unknown macro "now"`, "{{ nowutc() }}": `(did you mean "now_utc"?)`, "{{ config.x.splt('a') }}": `unknown method "splt" (did you mean "split"?)`,
		"{{ [1] | map('uper') }}": `unknown filter "uper"`, "{{ [1] | select('od') }}": `unknown test "od"`, "{{ generate_uuid() }}": "not available: the same request", "{{ range(3) }}": "range is not available",
		"{% include 'x' %}": "3: {% include %} is not available", "{% import 'x' as y %}": "not available", "{% extends 'x' %}": "not available", "{% macro f() %}": "not available", "{% fi %}": `unknown statement "fi"`,
		"{{": "0: {{ without }}", "{{ }}": "want a value", "{{ 1 ": "0: {{ without }}", "{% if 1 %}": "{% endif %} is missing", "{% endif %}": "unknown statement", "{{ 1 2 }}": "unexpected", "{{ 'a }}": "closing '", "{{ 1 + }}": "want a value",
		"{{ a.b.c }}": "unknown name", "{# x": "{# without #}", "{{ $x }}": "unexpected '$'", "{{ 1x }}": "no number", "{{ config.items().x() }}": "unknown method", "{{ 'a'() }}": "cannot be called", "{{ config(1) }}": "cannot be called",
		"{{ dict(a=1, 2) }}": "named arguments come last", "{{ dict(**config) }}": "unpacked", "{% set config.x = 1 %}": "want {% set name", "{% for x of y %}": `want "in"`, "{% for x in [1] recursive %}": "recursive", "{{ x }}{% for x in [1] %}{% endfor %}": "3: unknown name",
		"{% for x in [1] %}{% endfor %}{{ x }}": "unknown name", strings.Repeat("(", 100): "", "{{ " + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100) + " }}": "nested deeper", "{{ " + strings.Repeat("not ", 100) + "1 }}": "nested deeper",
		"{{ " + strings.Repeat("9", 2000) + " }}": "too large", strings.Repeat("a", maxSource+1): "longer than", strings.Repeat("{% if 1 %}", 100): "nested deeper", "{% if 1 %}" + strings.Repeat("{% elif 1 %}", 100): "nested deeper", "{{ config[] }}": "want a key", "{{ config. }}": "member's name",
	} {
		_, err := Parse(text, testScope)
		if want == "" {
			if err != nil {
				t.Errorf("%.40s: %v", text, err)
			}
			continue
		}
		var placed *Error
		if !errors.As(err, &placed) {
			t.Errorf("%.40s: no mistake", text)
			continue
		}
		got := placed.Message
		if offset, _, ok := strings.Cut(want, ": "); ok && len(offset) < 3 {
			got = json.Number(jsonOf(t, placed.Offset)).String() + ": " + got
		}
		if !strings.Contains(got, want) {
			t.Errorf("%.40s\n got  %s\n want %s", text, got, want)
		}
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	text := "{{ config.a }}{{ config['b'] }}{{ config.get('c', window.from) }}{{ config[window.to] }}{{ config | length }}" +
		"{% set config = 1 %}{{ config.z }}{% for window in [1] %}{{ window.q }}{% endfor %}{{ headers.keys() }}{{ response.a.b }}"
	tmpl, err := Parse(text, testScope)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ref := range tmpl.References() {
		if !strings.HasPrefix(text[ref.Offset:], ref.Name) {
			t.Errorf("%s is not at %d", ref.Name, ref.Offset)
		}
		got = append(got, ref.Name+"."+ref.Member)
	}
	if want := "config.a config.b config.c window.from config. window.to config. headers. response.a"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		literal string
		is      bool
		lone    bool
	}{
		"plain": {"plain", true, false}, "": {"", true, false}, "{{ 1 }}": {"", false, true}, " {{ 1 }}": {"", false, false}, "{# x #}a": {"a", true, false}, "{{ 1 }}\n": {"", false, true}, "{% set x = 1 %}{{ x }}": {"", false, false},
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		if literal, is := tmpl.Literal(); literal != want.literal || is != want.is || tmpl.Lone() != want.lone {
			t.Errorf("%q: got %q, %t, %t", text, literal, is, tmpl.Lone())
		}
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ config.code }}": `"007"`, "{{ config.limit }}": `20`, "{{ response.meta.big }}": `18446744073709551617`, "{{ response['items'][0] }}": `{"sku":"a-1","qty":3,"price":2.50}`, "{{ response.meta.next }}": `null`,
		"{{ config.unset }}": `""`, "{{ 'x' if 0 }}": `""`, "{{ '1' ~ '2' }}": `12`, "a{{ '<' }}": `"a<"`, "{{ {'b': [1.0], 'a': 'é'} }}": `{"b":[1.0],"a":"é"}`, "{{ response.gone }}": "error: response.gone has no value", "{{ {'a': response.gone} }}": "error: response.gone has no value", "{{ 1 / 0 }}": "error: 1 / 0: division by zero",
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.AppendJSON(nil, testVars())
		if err != nil {
			got = []byte("error: " + err.Error())
		}
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{{ config.a }}": "a", "{{ config['a'] }}": "a", "{{ config.get('a', window.to) }}": "", "{{ config.a or 1 }}": "", "a{{ config.a }}": "", "{{ config }}": "", "a": "", "{{ 1 }}": "",
	} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		if ref, ok := tmpl.Named(); ref.Member != want || ok != (want != "") {
			t.Errorf("%s: got %+v", text, ref)
		}
	}
	for text, clock := range map[string]bool{"{{ day_delta(1) }}": true, "{{ duration('P1D') }}": false, "{% if 0 %}{{ now_utc() }}{% endif %}": true, "now_utc()": false} {
		tmpl, err := Parse(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		if (tmpl.NoClock() != nil) != clock {
			t.Errorf("%s: %v", text, tmpl.NoClock())
		}
	}
}

func TestParseExpression(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"not response.get('pages', {}).get('next')": true, "response.meta.count == 2 and headers['x-left'] | int > 4": true, "response.meta.next": false,
		"{{ response.meta.count > 2 }}": false, " response['items']": true, "{{ true }}": true,
	} {
		tmpl, err := ParseExpression(text, testScope)
		if err != nil {
			t.Fatal(err)
		}
		v, err := tmpl.Value(testVars())
		if err != nil || Truth(v) != want {
			t.Errorf("%s: got %v, %v", text, v, err)
		}
	}
	for _, text := range []string{"", "1 2", "responze.x", "a }}", "1 }} 2"} {
		if _, err := ParseExpression(text, testScope); err == nil {
			t.Errorf("%s passes", text)
		}
	}
}
