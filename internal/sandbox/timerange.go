package sandbox

import (
	"encoding/json"
	"math"
)

// timeRange is a part of time that holds everything a search can find: from ≤ updated < to, in Unix seconds. It spares a large
// workspace the look at every object; whether one fits is for the query itself to say.
type timeRange struct{ from, to int64 }

// updatedBetween reads off a query, which was compiled before, what it demands of updated_at. A search by calendar day may mean a
// day more on either side, whatever the time zone.
func updatedBetween(query json.RawMessage) timeRange {
	all := timeRange{math.MinInt64, math.MaxInt64}
	var node queryNode
	if json.Unmarshal(query, &node) != nil {
		return all
	}
	if node.Field == nil {
		var members []json.RawMessage
		if node.Operator != "AND" || json.Unmarshal(node.Value, &members) != nil {
			return all
		}
		for _, m := range members {
			t := updatedBetween(m)
			all.from, all.to = max(all.from, t.from), min(all.to, t.to)
		}
		return all
	}
	wanted, err := operands(node, dateField)
	if *node.Field != "updated_at" || err != nil || len(wanted) != 1 {
		return all
	}
	bound, whole := wanted[0].(int64)
	if !whole || bound < 0 || bound > maxSecond {
		return all
	}
	switch node.Operator {
	case "<", "<=":
		all.to = bound + 2*day
	case ">", ">=":
		all.from = bound - 2*day
	case "=":
		all.from, all.to = bound-2*day, bound+2*day
	}
	return all
}

// maxSecond is the last second of the year 9999.
const maxSecond = 253402300799
