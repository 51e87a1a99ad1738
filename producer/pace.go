package producer

import "time"

// paceSpan is how many seconds a rate is told of: over a whole run a stream that is idle would seem busy.
const paceSpan = 10

// pace counts records by the second in which they were committed.
type pace struct {
	second  [paceSpan]int64 // since the epoch
	records [paceSpan]int64
}

func (p *pace) add(now time.Time, n int64) {
	second := now.Unix()
	i := second % paceSpan
	if p.second[i] != second {
		p.second[i], p.records[i] = second, 0
	}
	p.records[i] += n
}

// rate is records a second, of the last seconds or since began, whichever is later.
func (p *pace) rate(now, began time.Time) float64 {
	total := int64(0)
	for i, second := range p.second {
		if age := now.Unix() - second; age >= 0 && age < paceSpan {
			total += p.records[i]
		}
	}
	return float64(total) / min(max(now.Sub(began).Seconds(), 1), paceSpan)
}
