package extract

import (
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth bounds the nesting of an answer. Real records nest a dozen deep; what nests further is an attack on a parser.
const maxDepth = 128

// checkJSON reports whether b is one JSON text that does not nest too deep. The functions that walk spans rely on it and do not check
// again. It takes what encoding/json takes, which explains what is wrong, in a quarter of the time: every byte that the API sends
// goes through here.
func checkJSON(b []byte) error {
	c := jsonChecker{b: b}
	if c.text() {
		return nil
	}
	if c.depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	var v json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return errors.New("invalid JSON")
}

// jsonChecker goes once through a JSON text. Its methods return false where it is none.
type jsonChecker struct {
	b     []byte
	i     int
	depth int
	open  [maxDepth]byte // the brackets that were not closed yet
}

func (c *jsonChecker) text() bool {
	for {
		if !c.value() {
			return false
		}
		if !c.closed() {
			return false
		}
		if c.depth == 0 {
			return c.space() == 0 && c.i == len(c.b)
		}
	}
}

// value takes a value, or of an object or array that is not empty all up to its first value.
func (c *jsonChecker) value() bool {
	for {
		switch c.space() {
		case '{', '[':
			if c.depth++; c.depth > maxDepth {
				return false
			}
			c.open[c.depth-1] = c.b[c.i]
			c.i++
			if next := c.space(); next == c.open[c.depth-1]+2 { // the bracket that closes it
				return true
			}
			if c.open[c.depth-1] == '{' && !c.name() {
				return false
			}
		case '"':
			return c.str()
		case 't':
			return c.word("true")
		case 'f':
			return c.word("false")
		case 'n':
			return c.word("null")
		default:
			return c.number()
		}
	}
}

// closed takes what may follow a value: brackets that close, and a comma with what leads to the next value.
func (c *jsonChecker) closed() bool {
	for c.depth > 0 {
		next, open := c.space(), c.open[c.depth-1]
		switch {
		case next == open+2:
			c.depth--
			c.i++
		case next == ',':
			c.i++
			return open == '[' || c.name()
		default:
			return false
		}
	}
	return true
}

// name takes a member's name and the colon.
func (c *jsonChecker) name() bool {
	if c.space() != '"' || !c.str() || c.space() != ':' {
		return false
	}
	c.i++
	return true
}

// space skips white space and returns the byte after it; 0 at the end, and where a 0 stands.
func (c *jsonChecker) space() byte {
	for ; c.i < len(c.b); c.i++ {
		switch c.b[c.i] {
		case ' ', '\n', '\r', '\t':
		default:
			return c.b[c.i]
		}
	}
	return 0
}

func (c *jsonChecker) word(want string) bool {
	if len(c.b)-c.i < len(want) || string(c.b[c.i:c.i+len(want)]) != want {
		return false
	}
	c.i += len(want)
	return true
}

func (c *jsonChecker) str() bool {
	for i := c.i + 1; i < len(c.b); i++ {
		switch ch := c.b[i]; {
		case ch == '"':
			c.i = i + 1
			return true
		case ch < ' ':
			return false
		case ch == '\\':
			i++
			if i == len(c.b) {
				return false
			}
			switch c.b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i == len(c.b) || !isHex(c.b[i]) {
						return false
					}
				}
			default:
				return false
			}
		}
	}
	return false
}

func isHex(ch byte) bool {
	return ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'f' || ch >= 'A' && ch <= 'F'
}

func (c *jsonChecker) number() bool {
	if c.peek() == '-' {
		c.i++
	}
	if c.peek() == '0' {
		c.i++
	} else if !c.digits() {
		return false
	}
	if c.peek() == '.' {
		c.i++
		if !c.digits() {
			return false
		}
	}
	if ch := c.peek(); ch == 'e' || ch == 'E' {
		c.i++
		if ch := c.peek(); ch == '+' || ch == '-' {
			c.i++
		}
		return c.digits()
	}
	return true
}

func (c *jsonChecker) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

// digits takes at least one.
func (c *jsonChecker) digits() bool {
	from := c.i
	for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
		c.i++
	}
	return c.i > from
}
