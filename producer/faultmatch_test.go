package producer

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Matchers. Those of a lane are of the home lane.

func isKey(key kmsg.Key) matcher {
	return func(req kmsg.Request) bool { return req.Key() == key.Int16() }
}

func key(k kmsg.Key) func(*faultWorld) matcher { return func(*faultWorld) matcher { return isKey(k) } }

func ofHome(key kmsg.Key) func(*faultWorld) matcher {
	return func(w *faultWorld) matcher {
		txn := w.names.TransactionalID(w.home())
		return func(req kmsg.Request) bool { return req.Key() == key.Int16() && txnOf(req) == txn }
	}
}

// afterClaims matches requests that follow the claims of all lanes.
func afterClaims(key kmsg.Key) func(*faultWorld) matcher {
	return func(*faultWorld) matcher {
		claims := 0
		return func(req kmsg.Request) bool {
			if req.Key() == kmsg.EndTxn.Int16() {
				claims++
			}
			return claims >= StatePartitions && req.Key() == key.Int16()
		}
	}
}

func fetchOf(resource string) func(*faultWorld) matcher {
	return func(w *faultWorld) matcher {
		id := w.topicID(w.names.Data(resource))
		return func(req kmsg.Request) bool {
			r, ok := req.(*kmsg.FetchRequest)
			return ok && slices.ContainsFunc(r.Topics, func(t kmsg.FetchRequestTopic) bool { return t.TopicID == id || t.Topic == w.names.Data(resource) })
		}
	}
}

// topicOf names a topic by what a request calls it: its name, or its id.
func topicOf(t kmsg.ProduceRequestTopic) string { return t.Topic + string(t.TopicID[:]) }

// producesData matches a lane's produce requests with records of data topics. The first record that a lane takes is a claim.
func producesData(w *faultWorld) matcher {
	state, home := "", ofHome(kmsg.Produce)(w)
	return func(req kmsg.Request) bool {
		if !home(req) {
			return false
		}
		topics := req.(*kmsg.ProduceRequest).Topics
		if state == "" {
			state = topicOf(topics[0])
		}
		return slices.ContainsFunc(topics, func(t kmsg.ProduceRequestTopic) bool { return topicOf(t) != state })
	}
}

// pageProduce matches the produce requests of a first page: that with its first records, or that with the last one, which did not fit
// into the same batch.
func pageProduce(last bool) func(*faultWorld) matcher {
	return func(w *faultWorld) matcher {
		data := producesData(w)
		return func(req kmsg.Request) bool { return data(req) && (!last || followsABatch(req.(*kmsg.ProduceRequest))) }
	}
}

// followsABatch says whether a batch before one of the request's went to the same partition.
func followsABatch(r *kmsg.ProduceRequest) bool {
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			var batch kmsg.RecordBatch
			if err := batch.ReadFrom(p.Records); err == nil && batch.FirstSequence > 0 {
				return true
			}
		}
	}
	return false
}

// pageCommit matches the ends of transactions with records of data topics.
func pageCommit(w *faultWorld) matcher {
	data, ends, holds := producesData(w), ofHome(kmsg.EndTxn)(w), false
	return func(req kmsg.Request) bool {
		holds = data(req) || holds
		if !ends(req) {
			return false
		}
		held := holds
		holds = false
		return held
	}
}

// pageAdds matches the requests that add partitions of data topics to a transaction.
func pageAdds(w *faultWorld) matcher {
	adds := ofHome(kmsg.AddPartitionsToTxn)(w)
	return func(req kmsg.Request) bool {
		if !adds(req) {
			return false
		}
		r := req.(*kmsg.AddPartitionsToTxnRequest)
		names := []string{}
		for _, t := range r.Topics {
			names = append(names, t.Topic)
		}
		for _, t := range r.Transactions {
			for _, t := range t.Topics {
				names = append(names, t.Topic)
			}
		}
		return slices.Contains(names, w.names.Data(w.resources[0]))
	}
}

// abortAfterRefusal has the broker refuse a page's records for their size, and matches the end of that transaction. The worker asked what
// the topic takes before it took its lanes.
func abortAfterRefusal(w *faultWorld) matcher {
	takes, ends, lowered := ofHome(kmsg.InitProducerID)(w), ofHome(kmsg.EndTxn)(w), false
	return func(req kmsg.Request) bool {
		if takes(req) && !lowered {
			lowered = true
			w.limit("1000")
			w.mend = func() { w.limit(strconv.Itoa(rootTakes)) }
		}
		return ends(req) && !req.(*kmsg.EndTxnRequest).Commit
	}
}

// beforeTransactionV2 are the requests that a client sends to brokers whose transaction.version is 1.
func beforeTransactionV2() kgo.Opt {
	v := kversion.Stable()
	v.SetMaxKeyVersion(kmsg.Produce.Int16(), 11)
	v.SetMaxKeyVersion(kmsg.EndTxn.Int16(), 4)
	v.SetMaxKeyVersion(kmsg.TxnOffsetCommit.Int16(), 4)
	return kgo.MaxVersions(v)
}
