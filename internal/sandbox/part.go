package sandbox

import (
	"fmt"
	"strconv"
)

type partKind uint8

const (
	partComment partKind = iota
	partNote
	partAssignment
	partClose
	partOpen
	partSnoozed
)

func (k partKind) String() string {
	return [...]string{"comment", "note", "assignment", "close", "open", "snoozed"}[k]
}

// partsShown is how many of a conversation's parts the API shows: the newest.
const partsShown = 500

func newest(parts []part) []part { return parts[max(0, len(parts)-partsShown):] }

func partID(p part) string { return strconv.FormatInt(p.id, 10) }

type conversationPart struct {
	Type        string       `json:"type"`
	ID          string       `json:"id"`
	PartType    string       `json:"part_type"`
	Body        *string      `json:"body"`
	CreatedAt   int64        `json:"created_at"`
	UpdatedAt   int64        `json:"updated_at"`
	NotifiedAt  int64        `json:"notified_at"`
	AssignedTo  *reference   `json:"assigned_to"`
	Author      author       `json:"author"`
	Attachments []attachment `json:"attachments"`
	ExternalID  *string      `json:"external_id"`
	Redacted    bool         `json:"redacted"`
}

type attachment struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Filesize    int    `json:"filesize"`
	Width       *int   `json:"width"`
	Height      *int   `json:"height"`
}

// renderPart returns part p of conversation c as the API shows it: without the conversation's id.
func (w *workspace) renderPart(c *object, p part) []byte {
	d, who := w.dice("part", int(p.id)), w.castOf(c.n)
	shape := conversationPart{
		Type: "conversation_part", ID: partID(p), PartType: p.kind.String(), CreatedAt: p.created, UpdatedAt: p.updated,
		NotifiedAt: p.created, Author: w.contactAuthor(who.contact), Attachments: []attachment{}, Redacted: p.redacted,
	}
	if p.byAdmin {
		shape.Author = w.adminAuthor(who.admin)
	}
	if p.kind == partAssignment {
		shape.AssignedTo = &reference{Type: "admin", ID: strconv.FormatInt(adminID(who.admin), 10)}
	}
	if p.kind == partComment || p.kind == partNote {
		shape.Body = ptr("<p>" + who.words.fill(w.partText(who, p)) + "</p>")
		if d.chance(5) && !p.redacted {
			shape.Attachments = append(shape.Attachments, attachment{"upload", "screenshot-" + partID(p) + ".png", "https://downloads.example.com/" + partID(p), "image/png", 20000 + d.below(90000), ptr(1280), ptr(800)})
		}
	}
	return w.finish(shape, p.extra)
}

func (w *workspace) partText(who cast, p part) string {
	if p.redacted {
		return "This message was deleted"
	}
	text := ""
	switch {
	case p.kind == partNote:
		text = "Internal note: looked at {company}'s account, see ticket {number}."
	case p.line < len(who.script.replies):
		text = who.script.replies[p.line]
	default:
		text = followUps()[p.line%len(followUps())]
	}
	if p.edits > 0 {
		text += fmt.Sprintf(" (edited %d×)", p.edits)
	}
	return text
}

// firstParts invents the parts of an initial conversation: two to nine, the last at most at the end given.
func (w *workspace) firstParts(n int, created, end int64) []part {
	d := w.dice("parts", n)
	count := 2 + d.below(8)
	step := max(1, min((end-created)/int64(count+1), 60+d.between(0, 30*60*60)))
	parts := make([]part, 0, count)
	line := 0
	for k := range count {
		at := created + int64(k+1)*step - d.between(0, step/2)
		p := part{id: w.nextID, created: at, updated: at}
		w.nextID += 1 + int64(d.below(4))
		switch {
		case k == 0 && d.chance(60):
			p.kind, p.byAdmin = partAssignment, true
		case k == count-1 && d.chance(65):
			p.kind, p.byAdmin = partClose, true
		case k == count-1 && d.chance(20):
			p.kind, p.byAdmin = partSnoozed, true
		case k > 1 && d.chance(12):
			p.kind, p.byAdmin = partNote, true
		default:
			p.line, p.byAdmin = line, line%2 == 0
			line++
		}
		parts = append(parts, p)
	}
	return parts
}
