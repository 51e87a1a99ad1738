package extract

import "testing"

// A record that is put aside is shown without secrets, and otherwise as it was: what is as short as a word may stand there by chance. A message
// shows neither.
func TestHideLeavesWhatIsShort(t *testing.T) {
	t.Parallel()
	c := &Client{}
	c.secrets.add("X", "seven77", "token-of-8")
	const text = `{"name":"Xaver","code":"seven77","echo":"token-of-8"}`
	if got := c.Hide(text); got != `{"name":"Xaver","code":"seven77","echo":"***"}` {
		t.Error(got)
	}
	if got := c.scrub(text); got != `{"name":"***aver","code":"***","echo":"***"}` {
		t.Error(got)
	}
}
