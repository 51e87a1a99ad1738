// Package extract reads the records of an API that a source file describes.
//
// A [Source] is one API: its client section, its settings and its resources. [Load] reads it from YAML and checks it
// whole; afterwards it never changes. A [Client] turns resources into pages: [Client.Pages] reads a root resource from a
// [Position] to the end of its pass, [Client.Children] reads a substream's whole list for one parent record.
//
// A [Page] carries its records and the position after them. Whoever stores both in one step may stop at any moment and go
// on from the stored position: nothing is lost, and what is read again is what the position says is not done yet.
//
// Wherever the file holds text for a request, it may hold expressions (package expr): of config, the settings; stream_interval, the
// window asked for; stream_slice or stream_partition, the parent record; and stream_slice_resource, its resource's name. A lone expression in a body keeps its type, other
// text stays text, and values in a path are escaped.
//
// The package knows neither the form in which records are stored nor where; it never logs, and its only clock and its only
// sleep are those of [Options].
package extract
