// Package producer keeps one compacted Kafka topic per resource equal to what an API holds, exactly once.
//
// # The invariant
//
// For every unit of work, the state record that says "done up to here" and the records that this covers are decided by one
// Kafka transaction. There is no outcome, whatever is killed and whenever, in which one is durable and the other is not.
// (Decided, not visible in the same instant: Kafka writes commit markers partition by partition.)
//
// # The way of a page
//
//	extract.Client.Pages     page: records as JSON, and the position after them
//	pass.read                bytes: avro.Subject.Encode (the schema is registered first), then change detection
//	pass.families            children of the parents that changed
//	pass.save → lane.commit  commit: records, dead letters and state in one transaction (lane.transact)
//	batch.learn              memory: only now
//
// # What a crash leaves
//
//	before BeginTransaction          nothing happened: the page is read again
//	between Begin and EndTransaction the transaction is open; the next owner of the lane aborts it, readers never saw it
//	EndTransaction sent, no answer   committed or not: the next session reads the lane and goes on from what it says
//	after EndTransaction             committed: the next page follows
//	between claim and reading        the lane is fenced and says what it said; the next session claims it again
//
// Recovery is a session (Worker.session), and so is a start: fence every lane, claim it, read it, restore from the data topics
// what was published, work.
//
// # Who owns what
//
// A lane is one partition of the state topic with its own transactional producer; one goroutine commits in it (lane.serve). A
// runner reads one root resource with its substreams; its passes are each used by one goroutine and wait for their commits. The
// memory of what is published (published) is learnt from the topics and from committed batches only.
package producer
