package extract

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Load reads a source file and checks it whole. name is used in messages. All mistakes are reported at once, each with
// its line, column and an excerpt, as *[FileError]; a field that is not known is a mistake, and so is one that the
// reference knows and this package does not support yet.
func Load(name string, text []byte) (*Source, error) {
	src, _, err := Lint(name, text)
	return src, err
}

// Lint is [Load] with what is allowed and probably not meant, in the file's order. Warnings come with mistakes, too.
func Lint(name string, text []byte) (src *Source, warnings []Mistake, err error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // some editors begin a file with it
	r := &yamlReader{name: name, lines: strings.Split(string(text), "\n")}
	root := r.parseYAML(text)
	if root == nil {
		return nil, nil, r.err()
	}
	l := &loader{yamlReader: r, src: &Source{}, used: map[string]bool{}}
	l.load(root)
	inFileOrder(r.warnings)
	if err := r.err(); err != nil {
		return nil, r.warnings, err
	}
	return l.src, r.warnings, nil
}

// loader fills a Source from the YAML vocabulary. Another vocabulary would have a loader of its own.
type loader struct {
	*yamlReader
	src    *Source
	client *section        // nil: there is none
	used   map[string]bool // settings that some expression names; "": one that may name any
}

// names that become topics, environment variables and record names.
var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9_]*$`)

func (l *loader) load(root ast.Node) {
	s := l.section(root, "the source", nil, words[sourceWords]("version", "definitions", "parallelism"))
	l.src.Name = l.requiredName(s, "name")
	l.src.Title, l.src.Doc = s.text("title"), s.text("description")
	if l.src.Title == "" {
		l.src.Title = l.src.Name
	}
	l.loadSettings(s)
	l.loadClient(s)
	l.loadResources(s)
	l.warnUnused(s)
}

// warnUnused names the settings that nothing uses: to set them changes nothing.
func (l *loader) warnUnused(s *section) {
	settings := s.sub("settings", "settings", vocabulary{any: true})
	if settings == nil || l.used[""] || len(l.mistakes) > 0 { // a use may stand where a mistake is
		return
	}
	for _, name := range settings.fields() {
		if !l.used[name] {
			l.warn(settings.values[name].Key, "setting %q is used nowhere: to set it changes nothing", name)
		}
	}
}

// requiredName reads a field that must hold a name.
func (l *loader) requiredName(s *section, field string) string {
	n := s.node(field)
	if n == nil {
		l.mistake(s.at, "%s has no %s", s.what, field)
		return ""
	}
	before := len(l.mistakes)
	text := s.text(field)
	if len(l.mistakes) == before {
		l.checkName(n, field, text)
	}
	return text
}

func (l *loader) checkName(at ast.Node, what, text string) {
	if !nameRule.MatchString(text) {
		l.mistake(at, "%s %q: want lower-case letters, digits and _, and not _ at the beginning", what, text)
	}
}

func (l *loader) loadSettings(s *section) {
	settings := s.sub("settings", "settings", vocabulary{any: true})
	if settings == nil {
		return
	}
	for _, name := range settings.fields() {
		l.checkName(settings.values[name].Key, "setting", name)
		one := settings.sub(name, fmt.Sprintf("setting %q", name), words[settingWords]())
		setting := Setting{Name: name, Type: SettingString}
		if one != nil {
			setting.Type = one.choice("type")
			setting.Required, setting.Secret = one.bool("required"), one.bool("secret")
			setting.Default, setting.Description = l.defaultText(one), one.text("description")
			if err := checkSetting(setting, setting.Default); err != nil {
				l.mistake(one.node("default"), "default of setting %q: %v", name, err)
			}
		}
		l.src.Settings = append(l.src.Settings, setting)
	}
}

// defaultText returns a setting's default as a user would write it.
func (l *loader) defaultText(s *section) string {
	n := s.node("default")
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return l.scalarText(n, "default")
	}
	if s.text("type") != SettingList {
		l.mistake(n, "default: a list is for a setting of type list")
	}
	var items []string
	for _, item := range list.Values {
		text := l.scalarText(item, "default")
		if strings.Contains(text, ",") {
			l.mistake(item, "default: the items of a list are separated by commas, so none can hold one")
		}
		items = append(items, text)
	}
	return strings.Join(items, ",")
}

// scalarText returns a scalar as it is spelt; "" where there is none.
func (l *loader) scalarText(n ast.Node, what string) string {
	switch n.(type) {
	case nil:
		return ""
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	text, ok := textOf(n)
	if !ok {
		l.mistake(n, "%s: want text, not %s", what, kindOf(n))
	}
	return text
}

func (l *loader) requiredTemplate(s *section, field string) *template {
	if s.node(field) == nil {
		l.mistake(s.at, "%s has no %s", s.what, field)
	}
	return l.template(s, field, l.settingsOnly)
}

// template compiles a field's text; nil if it is absent or wrong.
func (l *loader) template(s *section, field string, allowed func(placeholder) error) *template {
	if s.node(field) == nil {
		return nil
	}
	return l.compile(s.node(field), field, allowed)
}

// compile compiles a scalar. Numbers and booleans are taken as they are spelt.
func (l *loader) compile(n ast.Node, what string, allowed func(placeholder) error) *template {
	text, ok := textOf(n)
	if !ok {
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			text = n.GetToken().Value
		default:
			l.mistake(n, "%s: want text, not %s", what, kindOf(n))
			return nil
		}
	}
	return l.compileText(n, text, what, allowed, nil)
}

// compileText compiles the text that stands at n. own makes expressions of placeholders; see expressions.
func (l *loader) compileText(n ast.Node, text, what string, allowed func(placeholder) error, own func(string, int) (string, bool)) *template {
	before := len(l.mistakes)
	w := l.expressions(n, text, what, own)
	if len(l.mistakes) > before {
		return nil
	}
	t, err := compileTemplate(w.text, allowed)
	if err != nil {
		line, column := l.within(n, text, w.origin(offsetOf(err)))
		l.mistakeAt(line, column, "%s: %v", what, err)
		return nil
	}
	return t
}

// templates reads a mapping of names to templates: headers, query parameters.
func (l *loader) templates(s *section, field string, allowed func(placeholder) error) []namedTemplate {
	all := s.sub(field, field, vocabulary{any: true})
	if all == nil {
		return nil
	}
	var list []namedTemplate
	for _, name := range all.fields() {
		if n := all.node(name); n != nil {
			if t := l.compile(n, field+" "+name, allowed); t != nil {
				list = append(list, namedTemplate{name, t, l.isSecret(t)})
			}
		}
	}
	return list
}

// isSecret reports whether a text is made of a secret setting.
func (l *loader) isSecret(t *template) bool {
	for _, ref := range t.References() {
		for _, s := range l.src.Settings {
			if s.Secret && ref.Name == string(scopeConfig) && (ref.Member == s.Name || ref.Member == "") {
				return true
			}
		}
	}
	return false
}

// settingsOnly allows {{ config.NAME }} for declared settings.
func (l *loader) settingsOnly(p placeholder) error {
	if p.scope != scopeConfig {
		return fmt.Errorf("%s has no value here; only settings have: {{ config.NAME }}", p)
	}
	l.used[p.field] = true
	if p.field == "" {
		return nil
	}
	var names []string
	for _, s := range l.src.Settings {
		if s.Name == p.field {
			return nil
		}
		names = append(names, s.Name)
	}
	if meant := nearest(p.field, names); meant != "" {
		return fmt.Errorf("no setting %q (did you mean %q?)", p.field, meant)
	}
	return fmt.Errorf("no setting %q: declare it under settings", p.field)
}
