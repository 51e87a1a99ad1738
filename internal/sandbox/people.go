package sandbox

import (
	"fmt"
	"strconv"
)

// person is who a contact or an admin is. It never changes.
type person struct{ first, last, name, email string }

func (w *workspace) contactPerson(n int) person {
	d := w.dice("person", n)
	p := person{first: pick(d, firstNames()), last: pick(d, lastNames())}
	p.name = p.first + " " + p.last
	p.email = fmt.Sprintf("%s.%s%d@%s", mailbox(p.first), mailbox(p.last), n, w.companyDomain(w.companyOf(n)))
	return p
}

func (w *workspace) adminPerson(n int) person {
	d := w.dice("admin", n)
	p := person{first: firstNames()[(n*7+3)%len(firstNames())], last: pick(d, lastNames())}
	p.name = p.first + " " + p.last
	p.email = fmt.Sprintf("%s%d@headwater.example", mailbox(p.first), n)
	return p
}

// mailbox turns a name into the part of an address before the @: ASCII letters only, accents spelt out.
func mailbox(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z':
			out = append(out, byte(r))
		case r >= 'A' && r <= 'Z':
			out = append(out, byte(r-'A'+'a'))
		default:
			out = append(out, spelt(r)...)
		}
	}
	if len(out) == 0 {
		return "contact"
	}
	return string(out)
}

func spelt(r rune) string {
	switch r {
	case 'ö', 'ø':
		return "oe"
	case 'ü':
		return "ue"
	case 'ß':
		return "ss"
	case 'é', 'É', 'ë':
		return "e"
	case 'á':
		return "a"
	case 'í':
		return "i"
	case 'Ł':
		return "l"
	case 'Ç':
		return "c"
	case 'ñ':
		return "n"
	}
	return ""
}

// companyOf returns the number of the company that contact n works for.
func (w *workspace) companyOf(n int) int {
	return w.dice("employer", n).below(w.initial[companies])
}

func (w *workspace) companyName(n int) string {
	d := w.dice("company name", n)
	return pick(d, companyHeads()) + " " + pick(d, companyTails())
}

func (w *workspace) companyDomain(n int) string {
	return mailbox(w.companyName(n)) + strconv.Itoa(n) + ".example"
}

const firstAdminID = 5017690

func adminID(n int) int64 { return firstAdminID + int64(n)*3 }

func (w *workspace) someAdmin(d *dice) int { return d.below(w.initial[admins]) }

const day = 24 * 60 * 60

// span is how far back the invented history goes: about 18 months, in seconds.
const span = 548 * day

// hexID makes an id of 24 hex digits that begins with the second of creation, as the API's own ids do.
func (w *workspace) hexID(created int64, kind string, n int) string {
	return fmt.Sprintf("%08x%06x%010x", uint32(created), w.dice(kind+" id", n).roll()&0xffffff, n)
}
