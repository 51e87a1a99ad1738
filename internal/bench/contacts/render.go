package contacts

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"unicode/utf8"
)

var (
	firstNames = []string{"Ada", "Bjørn", "Chloé", "Dmitri", "Élodie", "Farid", "Grace", "Håkon", "Inés", "Jürgen", "Kateřina", "Liam", "Mónica", "Noah", "Oluwaseun", "Paweł", "Quentin", "Renée", "Søren", "Tomás", "美咲", "Дмитрий"}
	lastNames  = []string{"Almeida", "Bäcker", "Castañeda", "Dvořák", "Eriksson", "Fischer", "García", "Hughes", "Ibáñez", "Johansson", "Kowalski", "Lefèvre", "Müller", "Novák", "O'Connor", "Peña", "佐藤", "Иванова"}
	cities     = []string{"Aarhus", "Brno", "Córdoba", "Dublin", "Düsseldorf", "Göteborg", "Kraków", "Lisbon", "Málaga", "Nantes", "São Paulo", "Toronto", "Zürich", "東京"}
	countries  = []string{"Denmark", "Czechia", "España", "Ireland", "Germany", "Sweden", "Poland", "Portugal", "France", "Brazil", "Canada", "日本"}
	codes      = []string{"DNK", "CZE", "ESP", "IRL", "DEU", "SWE", "POL", "PRT", "FRA", "BRA", "CAN", "JPN"}
	browsers   = []string{"chrome", "firefox", "safari", "edge"}
	systems    = []string{"OS X 10.15.7", "Windows 11", "Ubuntu 24.04", "Android 15", "iOS 18.4"}
	plans      = []string{"free", "starter", "growth", "enterprise"}
	teams      = []string{"Vertrieb Süd", "Support", "Onboarding", "R&D", "Ventes – Île-de-France", "Ops"}
	languages  = []string{"en", "de", "fr", "es", "pt-BR", "ja"}
)

// writer builds one JSON object.
type writer struct {
	json []byte
	dice *rand.Rand
}

// render makes the i-th record, with a number and a time that are filled in later.
func render(dice *rand.Rand, i int) []byte {
	w := &writer{dice: dice}
	first, last := w.one(firstNames), w.one(lastNames)
	country := dice.IntN(len(countries))
	w.json = append(w.json, `{"type":"contact","id":"`+idHead+`0000000000000000","workspace_id":"ecahpwf5"`...)
	w.text("external_id", fmt.Sprintf("ext-%08d", dice.IntN(1e8)))
	w.text("role", w.one([]string{"user", "user", "lead"}))
	w.text("email", fmt.Sprintf("u%d@%s.example.com", i, w.one(plans)))
	w.maybe(0.3, "phone", fmt.Sprintf("+4930%07d", dice.IntN(1e7)))
	w.maybe(0.9, "name", first+" "+last)
	w.raw(`"avatar":{"type":"avatar"`)
	w.maybe(0.4, "image_url", fmt.Sprintf("https://static.example.com/%08x.jpg", dice.Uint32()))
	w.json = append(w.json, '}')
	w.maybeNumber(0.5, "owner_id", int64(dice.IntN(9e6)+1e6))
	w.flag("has_hard_bounced", 0.03)
	w.flag("marked_email_as_spam", 0.02)
	w.flag("unsubscribed_from_emails", 0.2)
	w.number("created_at", 1_500_000_000+int64(dice.IntN(1e8)))
	w.raw(`"updated_at":0000000000`)
	for _, at := range []struct {
		name string
		odds float64
	}{{"signed_up_at", 0.7}, {"last_seen_at", 0.5}, {"last_replied_at", 0.3}, {"last_contacted_at", 0.3}, {"last_opened_at", 0.3}, {"last_clicked_at", 0.15}} {
		w.maybeNumber(at.odds, at.name, 1_600_000_000+int64(dice.IntN(1e8)))
	}
	w.maybe(0.1, "language", w.one(languages))
	w.maybe(0.5, "browser", w.one(browsers))
	w.maybe(0.5, "version", fmt.Sprintf("%d.0.%d.%d", 90+dice.IntN(40), dice.IntN(7000), dice.IntN(200)))
	w.maybe(0.5, "locale", w.one(languages))
	w.maybe(0.4, "os", w.one(systems))
	w.raw(`"location":{"type":"location"`)
	w.maybe(0.8, "country", countries[country])
	w.maybe(0.5, "region", w.one(cities))
	w.maybe(0.7, "city", w.one(cities))
	w.maybe(0.8, "country_code", codes[country])
	w.maybe(0.5, "continent_code", w.one([]string{"EU", "NA", "SA", "AS"}))
	w.json = append(w.json, '}')
	w.maybe(0.1, "android_device", "Pixel 9")
	w.maybe(0.15, "ios_device", "iPhone17,3")
	w.attributes()
	w.raw(fmt.Sprintf(`"tags":{"type":"list","data":[{"id":"%d","type":"tag","url":"/t/%d"}],"url":"/tags","total_count":1,"has_more":false}`, dice.IntN(900)+100, dice.IntN(900)+100))
	w.raw(fmt.Sprintf(`"companies":{"type":"list","data":[],"url":"/companies","total_count":%d,"has_more":%v}`, dice.IntN(3), dice.IntN(20) == 0))
	w.maybe(0.15, "referrer", "https://www.example.com/?q=support")
	return append(w.json, '}')
}

// attributes are the twelve custom ones: names and types that users made up.
func (w *writer) attributes() {
	w.raw(`"custom_attributes":{"plan":"` + w.one(plans) + `"`)
	w.number("seats", int64(w.dice.IntN(500)))
	w.raw(`"monthly_spend":` + strconv.FormatFloat(float64(w.dice.IntN(1e6))/100, 'f', -1, 64))
	w.raw(`"health_score":` + strconv.FormatFloat(w.dice.Float64(), 'g', 6, 64))
	w.flag("is_beta", 0.2)
	w.flag("newsletter", 0.5)
	w.maybe(0.5, "team", w.one(teams))
	w.maybe(0.4, "crm id", fmt.Sprintf("003%012X", w.dice.Uint64()>>16))
	w.maybeNumber(0.5, "trial_ends_at", 1_600_000_000+int64(w.dice.IntN(1e8)))
	w.maybeNumber(0.3, "nps", int64(w.dice.IntN(11)))
	w.maybe(0.2, "Größe", w.one([]string{"klein", "mittel", "groß"}))
	w.maybe(0.1, "note", "said \"call me back\"\nthen hung up")
	w.json = append(w.json, '}')
}

func (w *writer) one(list []string) string { return list[w.dice.IntN(len(list))] }

func (w *writer) raw(member string) { w.json = append(append(w.json, ','), member...) }

func (w *writer) text(name, value string) {
	w.json = append(w.json, ',')
	w.quote(name)
	w.json = append(w.json, ':')
	w.quote(value)
}

func (w *writer) number(name string, n int64) {
	w.raw(strconv.Quote(name) + ":" + strconv.FormatInt(n, 10))
}

func (w *writer) flag(name string, odds float64) {
	w.raw(strconv.Quote(name) + ":" + strconv.FormatBool(w.dice.Float64() < odds))
}

func (w *writer) maybe(odds float64, name, value string) {
	if w.dice.Float64() < odds {
		w.text(name, value)
		return
	}
	w.null(name)
}

func (w *writer) maybeNumber(odds float64, name string, n int64) {
	if w.dice.Float64() < odds {
		w.number(name, n)
		return
	}
	w.null(name)
}

func (w *writer) null(name string) {
	w.json = append(w.json, ',')
	w.quote(name)
	w.json = append(w.json, ":null"...)
}

// quote writes a string. A third of what is not ASCII is escaped, character by character.
func (w *writer) quote(s string) {
	w.json = append(w.json, '"')
	for _, r := range s {
		switch {
		case r == '"':
			w.json = append(w.json, `\"`...)
		case r == '\n':
			w.json = append(w.json, `\n`...)
		case r > 0x7f && w.dice.IntN(3) == 0:
			w.json = fmt.Appendf(w.json, `\u%04x`, r) // none is beyond 16 bits
		default:
			w.json = utf8.AppendRune(w.json, r)
		}
	}
	w.json = append(w.json, '"')
}
