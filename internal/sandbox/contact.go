package sandbox

import (
	"fmt"
	"strconv"
)

const nestedLimit = 10

func newLinked(url, kind, at string, ids []string) linked {
	l := linked{Type: "list", Data: []link{}, URL: url, TotalCount: len(ids), HasMore: len(ids) > nestedLimit}
	for _, id := range ids[:min(len(ids), nestedLimit)] {
		l.Data = append(l.Data, link{id, kind, at + id})
	}
	return l
}

// farFuture is a date that a user typed in: the year 2056, beyond 32 bits of seconds.
const farFuture = 2738966400

// contact renders contact o.
func (w *workspace) contact(o *object) contact {
	d, who, now := w.dice("contact", o.n), w.contactPerson(o.n), o.updated
	c := contact{
		Type: "contact", ID: o.id, WorkspaceID: w.app, ExternalID: maybe(d, 80, strconv.Itoa(20000+o.n)),
		Role: "user", Email: who.email, Phone: maybe(d, 40, fmt.Sprintf("+35387%07d", d.below(1e7))), Name: maybe(d, 96, who.name),
		OwnerID: maybe(d, 25, adminID(w.someAdmin(d))), SocialProfiles: list[profile]{"list", []profile{}},
		HasHardBounced: d.chance(3), MarkedEmailAsSpam: d.chance(1), UnsubscribedFromEmails: d.chance(8),
		CreatedAt: o.created, UpdatedAt: now, SignedUpAt: maybe(d, 75, o.created), LastSeenAt: maybe(d, 60, now),
		LastRepliedAt: maybe(d, 30, now-d.between(0, 40*day)), LastContactedAt: maybe(d, 35, now-d.between(0, 40*day)),
		LastEmailOpenedAt: maybe(d, 20, now-d.between(0, 90*day)), LastEmailClickedAt: maybe(d, 10, now-d.between(0, 90*day)),
		LanguageOverride: maybe(d, 5, "de"), Location: location{Type: "location"},
		SMSConsent: d.chance(10), UTMCampaign: maybe(d, 10, "spring-sale"), UTMSource: maybe(d, 15, "newsletter"),
		Referrer: maybe(d, 10, "https://www.example.com/preise?q=größe"),
	}
	if d.chance(12) {
		c.Role = "lead"
	}
	if d.chance(4) {
		c.SignedUpAt = ptr(int64(farFuture))
	}
	if d.chance(30) {
		c.Avatar = &avatar{"avatar", "https://static.example.com/avatars/" + o.id + ".png"}
		c.SocialProfiles.Data = append(c.SocialProfiles.Data, profile{"social_profile", "LinkedIn", "https://linkedin.example/in/" + mailbox(who.last)})
	}
	w.contactDevices(&c, d, o)
	c.CustomAttributes = w.contactCustom(o)
	c.Tags, c.Notes, c.Companies = w.contactLinks(o)
	return c
}

func ptr[T any](v T) *T { return &v }

// contactDevices fills where and with what the contact was seen.
func (w *workspace) contactDevices(c *contact, d *dice, o *object) {
	if d.chance(70) {
		p := pick(d, places())
		c.Location = location{"location", &p.country, &p.region, &p.city, &p.code, &p.continent}
	}
	if d.chance(65) {
		c.Browser, c.OS = ptr(pick(d, []string{"chrome", "firefox", "safari", "edge"})), ptr(pick(d, []string{"Windows 11", "OS X 14.5", "Linux", "Android 14"}))
		c.BrowserVersion = ptr(fmt.Sprintf("%d.0.%d", 120+d.below(12), o.edits))
		c.BrowserLanguage = ptr(pick(d, []string{"en", "de", "fr", "pt-br", "ja"}))
	}
	if d.chance(15) {
		c.IOSAppName, c.IOSAppVersion, c.IOSDevice = ptr("Headwater"), ptr("5.2.1"), ptr("iPhone15,4")
		c.IOSOSVersion, c.IOSSDKVersion, c.IOSLastSeenAt = ptr("17.5"), ptr("16.2.0"), ptr(o.updated)
	}
}

// contactCustom invents custom attributes: free text as names, and values whose type differs from contact to contact.
func (w *workspace) contactCustom(o *object) map[string]any {
	d := w.dice("contact custom", o.n)
	m := map[string]any{"sessions": d.below(400) + o.edits}
	if d.chance(60) {
		m["plan"] = pick(d, []string{"free", "team", "business", "enterprise"})
	}
	if d.chance(50) {
		m["seats"] = pick(d, []any{5, 12, 40, "12", "unlimited", nil})
	}
	if d.chance(30) {
		m["utm-source"] = pick(d, []any{"ads", "newsletter", nil})
	}
	if d.chance(25) {
		m["1st_touch"] = pick(d, []any{true, false, "webinar"})
	}
	if d.chance(20) {
		m["nps"] = pick(d, []any{9, 8.5, 10, 0})
	}
	if d.chance(15) {
		m["Größe"] = pick(d, []string{"S", "M", "L"})
	}
	if d.chance(10) {
		m["preferences"] = map[string]any{"theme": pick(d, []string{"dark", "light"}), "beta": d.chance(50), "limits": []int{1, 2, d.below(9)}}
	}
	if d.chance(5) {
		m["ledger_id"] = int64(9007199254740993) + int64(o.n) // beyond what a float64 holds
	}
	if d.chance(20) {
		m["trial_ends_at"] = o.created + 14*day
	}
	return m
}

// contactLinks invents tags, notes and companies. A few contacts have more tags than the list shows.
func (w *workspace) contactLinks(o *object) (tagList, notes, firms linked) {
	d, base := w.dice("contact links", o.n), "/contacts/"+o.id
	count := 0
	switch {
	case o.n%53 == 7:
		count = 13
	case d.chance(40):
		count = 1 + d.below(3)
	}
	var tagIDs, noteIDs, firmIDs []string
	for k, first := 0, d.below(w.initial[tags]); k < count; k++ {
		tagIDs = append(tagIDs, tagID((first+k)%w.initial[tags]))
	}
	for range d.below(3) {
		noteIDs = append(noteIDs, strconv.Itoa(30000000+o.n*10+len(noteIDs)))
	}
	if d.chance(80) {
		firmIDs = append(firmIDs, w.companyID(w.companyOf(o.n)))
	}
	return newLinked(base+"/tags", "tag", "/tags/", tagIDs), newLinked(base+"/notes", "note", "/notes/", noteIDs), newLinked(base+"/companies", "company", "/companies/", firmIDs)
}
