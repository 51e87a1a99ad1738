package sandbox

import "strconv"

// newWorkspace invents a workspace of the given size, counted in contacts, as of start. Equal arguments yield equal bytes.
func newWorkspace(seed uint64, size int, start int64) *workspace {
	w := &workspace{seed: seed, start: start, all: map[string]*collection{}, nextID: 7288120839}
	w.app = "hw" + strconv.FormatUint(newDice(seed, "app", 0).roll()%0xffffff, 36)
	size = max(size, 1)
	w.initial = map[string]int{
		contacts: size, conversations: max(1, size/2), tickets: max(1, size/5), companies: max(1, size/6), activityLogs: size,
		admins: 12, teams: 5, tags: 15, segments: 8,
		companyAttributes: len(attributeSpecs("company")), contactAttributes: len(attributeSpecs("contact")),
	}
	for _, resource := range []string{admins, teams, tags, segments, companyAttributes, contactAttributes, companies, contacts, conversations, tickets, activityLogs} {
		objects := make([]*object, w.initial[resource])
		for n := range objects {
			objects[n] = w.invent(resource, n)
		}
		w.all[resource] = newCollection()
		w.all[resource].load(objects)
	}
	return w
}

// invent makes initial object n of a resource.
func (w *workspace) invent(resource string, n int) *object {
	d := w.dice(resource, n)
	o := &object{n: n}
	o.created = w.start - span + d.between(0, span-2*day)
	o.updated = d.between(o.created, w.start-60)
	switch resource {
	case admins:
		o.id = strconv.FormatInt(adminID(n), 10)
	case teams:
		o.id = strconv.FormatInt(teamID(n), 10)
	case tags:
		o.id = tagID(n)
	case segments:
		o.id = w.hexID(o.created, segments, n)
	case companyAttributes:
		o.id = w.attribute("company", o).FullName
	case contactAttributes:
		o.id = w.attribute("contact", o).FullName
	case companies:
		o.created = w.companyBorn(n)
		o.updated = d.between(o.created, w.start-60)
		o.id = w.companyID(n)
		w.joinSegments(o, d)
	case contacts:
		o.created, o.updated = w.contactTimes(n)
		o.id = w.contactID(n)
	case conversations:
		o.id = longID(215, n)
		end := min(w.start-30, o.created+d.between(600, 20*day))
		o.parts = w.firstParts(n, o.created, end)
		o.updated = max(o.created, o.parts[len(o.parts)-1].updated)
	case tickets:
		o.id = longID(216, n)
		if n%10 == 3 {
			o.updated = max(o.created, w.start-20*day) // a bulk change of many tickets
		}
	case activityLogs:
		if n%9 == 4 {
			o.created -= o.created % (7 * day) // a script that did much in one second
		}
		o.updated, o.id = o.created, w.uuid("activity", n)
	}
	return o
}

func (w *workspace) joinSegments(company *object, d *dice) {
	for _, s := range w.all[segments].order {
		if d.chance(30) {
			company.segments = append(company.segments, s.id)
		}
	}
}

// importMost bounds an import: what one second holds can only be read page after page, and no import is without end.
const importMost = 600

// contactTimes returns when initial contact n was created and updated. Two imports touched many contacts in one second
// each: more than one page of 150 where the workspace is large enough.
func (w *workspace) contactTimes(n int) (created, updated int64) {
	d := w.dice("contact times", n)
	size := w.initial[contacts]
	bulk := int64(0)
	switch at := n * 100 / size; {
	case at >= 20 && at < 62 && n-size/5 < importMost:
		bulk = w.start - 200*day
	case at >= 70 && at < 78 && n-size*7/10 < importMost:
		bulk = w.start - 30*day - 4242
	}
	if bulk != 0 {
		return bulk - d.between(60, span-201*day), bulk
	}
	created = w.start - span + d.between(0, span-2*60*60)
	return created, d.between(created, w.start-20)
}

// contactID returns the id of initial contact n.
func (w *workspace) contactID(n int) string {
	created, _ := w.contactTimes(n)
	return w.hexID(created, "contact", n)
}
