package expr

// node is an expression. Its evaluation goes through run.eval, which counts it.
type node interface {
	place() span
	evaluate(r *run) (any, error)
}

func (s span) place() span { return s }

// The expressions.
type (
	constant struct {
		span
		value any
	}
	name struct {
		span
		text string
	}
	listOf struct {
		span
		items   []node
		isTuple bool
	}
	mappingOf struct {
		span
		keys, values []node
	}
	memberOf struct {
		span
		of, key node
	}
	sliceOf struct {
		span
		of     node
		bounds [3]node // start, end, step; nil: left out
	}
	methodCall struct {
		span
		of     node
		method string
		args   argumentNodes
	}
	macroCall struct {
		span
		macro string
		call  function
		args  argumentNodes
	}
	filtered struct {
		span
		of     node
		filter string
		call   function
		args   argumentNodes
	}
	tested struct {
		span
		of   node
		not  bool
		test string
		call function
		args argumentNodes
	}
	arithmetic struct {
		span
		operator    string
		left, right node
	}
	sign struct {
		span
		minus bool
		of    node
	}
	negation struct {
		span
		of node
	}
	logic struct {
		span
		left, right node
		or          bool
	}
	comparison struct {
		span
		first     node
		operators []string
		rest      []node
	}
	choice struct {
		span
		then, condition, otherwise node // otherwise may be nil
	}
)

// argumentNodes are the arguments of a call.
type argumentNodes struct {
	positional []node
	names      []string
	named      []node
}

// statement is a part of a template.
type statement interface {
	render(r *run, w *writer) error
}

// The statements.
type (
	literalText struct{ text string }
	output      struct{ value node }
	ifStatement struct {
		condition       node
		then, otherwise []statement
	}
	forStatement struct {
		targets         []string
		over, filter    node // filter may be nil
		body, otherwise []statement
	}
	setStatement struct {
		targets []string
		value   node
		at      int
	}
)
