package extract

// The types in the words*.go files are the vocabulary of a source file: the loader takes the known fields and words from their tags, and
// [FileSchema] makes the JSON Schema for editors from them. They hold no values: the loader walks the file itself, which is how every
// mistake gets its line and column.

// sourceWords is a whole file.
type sourceWords struct {
	Name             string                  `json:"name" jsonschema:"required,pattern=^[a-z0-9][a-z0-9_]*$" jsonschema_description:"Short name: the first part of topic names."`
	Title            string                  `json:"title" jsonschema_description:"What people call the API."`
	Description      string                  `json:"description" jsonschema_description:"One or two sentences about what it holds."`
	Settings         map[string]settingWords `json:"settings" jsonschema_description:"What a user sets, each as SOURCE_<NAME>; templates see it as config.NAME."`
	Client           clientWords             `json:"client" jsonschema:"required" jsonschema_description:"What all requests have in common."`
	ResourceDefaults resourceWords           `json:"resource_defaults" jsonschema_description:"What a resource does not say itself. Mappings are merged name by name; lists, bodies and paginators are taken whole."`
	Resources        []resourceWords         `json:"resources" jsonschema:"required,minItems=1" jsonschema_description:"The kinds of records; each becomes a topic."`
}

// settingWords is one value that a user gives.
type settingWords struct {
	Type        string `json:"type" jsonschema:"enum=string,enum=datetime,enum=url,enum=integer,enum=boolean,enum=list" jsonschema_description:"string without a word; datetime is RFC 3339 or a date in UTC; list is separated by commas."`
	Required    bool   `json:"required" jsonschema_description:"Empty counts as missing."`
	Secret      bool   `json:"secret" jsonschema_description:"Never shown, in no message."`
	Default     values `json:"default" jsonschema_description:"Used where the user sets nothing."`
	Description string `json:"description" jsonschema_description:"Where to find the value."`
}

// clientWords is what all requests have in common.
type clientWords struct {
	BaseURL   string            `json:"base_url" jsonschema:"required" jsonschema_description:"Where all paths begin; may hold {{ config.NAME }}."`
	Headers   map[string]string `json:"headers" jsonschema_description:"Sent with every request."`
	Auth      authWords         `json:"auth" jsonschema_description:"How requests prove who asks."`
	Paginator paginatorWords    `json:"paginator" jsonschema_description:"For the resources that have none of their own; auto where there is none at all."`
	RateLimit rateWords         `json:"rate_limit" jsonschema_description:"Response headers that tell the API's budget."`
	Timeout   string            `json:"timeout" jsonschema_description:"Of one request with its body, such as 2m (the default)."`
}

// authWords is client.auth or endpoint.auth.
type authWords struct {
	Type              string            `json:"type" jsonschema:"required,enum=bearer,enum=api_key,enum=http_basic,enum=oauth2_client_credentials,enum=oauth2_refresh_token,enum=none"`
	Token             string            `json:"token" jsonschema_description:"bearer: the token."`
	Name              string            `json:"name" jsonschema_description:"api_key: name of the header, query parameter or cookie; Authorization without a word."`
	APIKey            string            `json:"api_key" jsonschema_description:"api_key: the key."`
	Location          string            `json:"location" jsonschema:"enum=header,enum=query,enum=cookie" jsonschema_description:"api_key: where the key goes."`
	Username          string            `json:"username" jsonschema_description:"http_basic."`
	Password          string            `json:"password" jsonschema_description:"http_basic."`
	AccessTokenURL    string            `json:"access_token_url" jsonschema_description:"oauth2: where tokens are got. It gets the credentials, so it must be https, or a loopback address."`
	ClientID          string            `json:"client_id" jsonschema_description:"oauth2."`
	ClientSecret      string            `json:"client_secret" jsonschema_description:"oauth2."`
	RefreshToken      string            `json:"refresh_token" jsonschema_description:"oauth2_refresh_token: a long-lived one. If the API answers with a new one it lives in memory only."`
	Scopes            []string          `json:"scopes" jsonschema_description:"oauth2: asked for with the token."`
	ClientAuth        string            `json:"client_auth" jsonschema:"enum=body,enum=header" jsonschema_description:"oauth2: whether the credentials go into the form or into the Authorization header."`
	AccessTokenParams map[string]string `json:"access_token_request_data" jsonschema_description:"oauth2: further form fields, such as audience."`
	DefaultExpiration int               `json:"default_token_expiration" jsonschema_description:"oauth2: seconds, where the answer does not say; 3600 without a word."`
}

// rateWords names the headers of the rate budget.
type rateWords struct {
	LimitHeader     string `json:"limit_header" jsonschema:"required" jsonschema_description:"Requests a period."`
	RemainingHeader string `json:"remaining_header" jsonschema:"required" jsonschema_description:"Requests left in it."`
	ResetHeader     string `json:"reset_header" jsonschema:"required" jsonschema_description:"The period's end."`
	ResetFormat     string `json:"reset_format" jsonschema:"enum=unix,enum=seconds" jsonschema_description:"unix: an absolute time in seconds; seconds: from now."`
}

// resourceWords is one resource, or what all have in common.
type resourceWords struct {
	Name              string                 `json:"name" jsonschema:"pattern=^[a-z0-9][a-z0-9_]*$" jsonschema_description:"Becomes the topic's name."`
	Description       string                 `json:"description"`
	Permission        string                 `json:"permission" jsonschema_description:"What the API calls the right to read it; named when it is missing."`
	Selected          bool                   `json:"selected" jsonschema:"default=true" jsonschema_description:"false: only read where it is named on the command line, or for its substreams."`
	Parent            names                  `json:"parent" jsonschema_description:"Makes it a substream: read once per record of that resource; of several, of each."`
	IncludeFromParent namesOrMapping         `json:"include_from_parent" jsonschema_description:"Fields that each record gets from its parent: own name: path of the parent's field, or $resource, the parent resource's name. A list [id] names them _<parent>_id."`
	PrimaryKey        names                  `json:"primary_key" jsonschema_description:"The field, or fields, that name a record. A substream's begins with its parent's key; of several parents, with the field that is $resource."`
	WriteDisposition  string                 `json:"write_disposition" jsonschema:"enum=merge,enum=replace" jsonschema_description:"merge: a record replaces the one with its key; replace: so does each complete listing, and what it lacks is deleted."`
	Endpoint          endpointWords          `json:"endpoint" jsonschema_description:"The request, and where the records are in the answer."`
	Incremental       incrementalWords       `json:"incremental" jsonschema_description:"Read by time: windows of the past, then what changed."`
	CursorField       string                 `json:"cursor_field" jsonschema_description:"Of a resource that is read whole: path of the field that says when a record last changed."`
	Columns           map[string]columnWords `json:"columns" jsonschema_description:"Declared fields by path; * within a name, ** for any number of names."`
	SchemaContract    contract               `json:"schema_contract" jsonschema_description:"What becomes of what the registered schema has no field for: evolve (without a word), the schema grows; freeze, the resource stops and says what is new; discard_value, the record is published without it; discard_record, the record is not published. What is discarded is a dead letter."`
	MaxInferredFields int                    `json:"max_inferred_fields" jsonschema:"minimum=1,default=500" jsonschema_description:"So many fields may be inferred, nested ones included; what has no room is kept as JSON text."`
	ProcessingSteps   []stepWords            `json:"processing_steps" jsonschema_description:"Filters and field mappings, in order. columns name the fields as they are then."`
	Deletes           string                 `json:"deletes" jsonschema:"enum=listing,enum=parent,enum=none,enum=never" jsonschema_description:"How a deletion shows."`
	Refresh           string                 `json:"refresh" jsonschema:"enum=parent,enum=listing" jsonschema_description:"When a parent's children are asked for again: when it changed, or with every listing."`
	Singleton         bool                   `json:"singleton" jsonschema_description:"The API allows one traversal at a time."`
	Drain             bool                   `json:"drain" jsonschema_description:"The listing is read to its end before children are asked for."`
	Consistent        bool                   `json:"consistent" jsonschema_description:"The listing's pages are of one moment."`
	ListingCap        int                    `json:"listing_cap" jsonschema_description:"The API lists no more than so many."`
	PollInterval      string                 `json:"poll_interval" jsonschema_description:"Pause between passes, such as 5m. Without a word it is HEADWATER_POLL_INTERVAL; of a resource that is read whole, HEADWATER_SNAPSHOT_INTERVAL. A listing waits at least ten times as long as the last one took."`
	SweepInterval     string                 `json:"sweep_interval" jsonschema_description:"Pause between complete comparisons of an incremental resource, or of a substream of one, with its topic; 24h without a word; off: only with --sweep."`
}

// contractWords is the reference's long form of a contract.
type contractWords struct {
	Tables   string `json:"tables" jsonschema:"enum=evolve" jsonschema_description:"A resource has one topic, which the file names."`
	Columns  string `json:"columns" jsonschema:"enum=evolve,enum=freeze,enum=discard_value,enum=discard_record,enum=discard_row"`
	DataType string `json:"data_type" jsonschema:"enum=evolve,enum=freeze,enum=discard_value,enum=discard_record,enum=discard_row" jsonschema_description:"The same word as columns."`
}

// columnWords declares a field.
type columnWords struct {
	DataType    string `json:"data_type" jsonschema:"required,enum=text,enum=bigint,enum=double,enum=bool,enum=timestamp,enum=date,enum=json"`
	Description string `json:"description"`
}

// stepWords is one processing step: a filter or a mapping.
type stepWords struct {
	Filter filterWords `json:"filter" jsonschema_description:"Records that do not match are not published; where they were, they are deleted: at once where a listing is read whole, or a change is read by time; what only a sweep shows, by the next one. deletes: never keeps them."`
	Map    mapWords    `json:"map" jsonschema_description:"Changes of fields."`
}

// filterWords compares one field.
type filterWords struct {
	Field    string   `json:"field" jsonschema:"required" jsonschema_description:"Path."`
	Equals   scalar   `json:"equals" jsonschema_description:"Numbers are compared exactly, whatever their spelling; text is never equal to a number; null equals nothing."`
	Not      scalar   `json:"not_equals" jsonschema_description:"Absent and null match."`
	In       []scalar `json:"in"`
	NotIn    []scalar `json:"not_in"`
	Exists   bool     `json:"exists" jsonschema_description:"true: there, and not null; false: absent or null."`
	AtLeast  scalar   `json:"at_least" jsonschema_description:"Numbers by value, texts by their characters, as RFC 3339 times of one zone are. Absent and null do not match; another kind of value is an error."`
	LessThan scalar   `json:"less_than"`
}

// mapWords changes fields.
type mapWords struct {
	Rename map[string]string `json:"rename" jsonschema_description:"Old name: new name, at the top of the record. The key and the cursor field keep theirs."`
	Lift   map[string]string `json:"lift" jsonschema_description:"New name: path of a nested field that is copied to the top."`
	Remove []string          `json:"remove" jsonschema_description:"Paths of fields that are not published."`
}

// incrementalWords says how a resource is read by time.
type incrementalWords struct {
	CursorPath    string            `json:"cursor_path" jsonschema:"required" jsonschema_description:"Path of the field that says when a record last changed."`
	CursorFormat  string            `json:"cursor_format" jsonschema:"enum=unix,enum=unix_ms,enum=rfc3339,enum=date" jsonschema_description:"How the API writes it, and wants it in a request."`
	InitialValue  scalar            `json:"initial_value" jsonschema_description:"Where everything begins: a setting of type datetime, or a time."`
	EndValue      scalar            `json:"end_value" jsonschema_description:"Where everything ends: what changes later is never read."`
	StartParam    string            `json:"start_param" jsonschema_description:"Query parameter that gets the start of the time asked for."`
	EndParam      string            `json:"end_param" jsonschema_description:"Query parameter that gets its end."`
	RangeStart    string            `json:"range_start" jsonschema:"enum=closed,enum=open" jsonschema_description:"Whether the API's answer includes the start itself; of an open one a second (a day, of dates) more is asked."`
	RangeEnd      string            `json:"range_end" jsonschema:"enum=open,enum=closed" jsonschema_description:"Whether it includes the end; what lies outside is filtered here in any case."`
	RowOrder      string            `json:"row_order" jsonschema:"enum=none,enum=asc,enum=desc" jsonschema_description:"How the listing is sorted by the cursor field."`
	LiveRowOrder  string            `json:"live_row_order" jsonschema:"enum=none,enum=asc,enum=desc" jsonschema_description:"Likewise in live passes, where it differs."`
	RowOrderWords map[string]string `json:"row_order_words" jsonschema_description:"What the API calls asc and desc, for {{ stream_interval.row_order }}."`
	QueryMargin   string            `json:"query_margin" jsonschema_description:"So much more is asked on both sides, and filtered here."`
	Lookback      string            `json:"lookback" jsonschema_description:"The watermark stays so far behind the API's clock; 5m without a word."`
	Lag           int               `json:"lag" jsonschema_description:"Lookback in seconds, as elsewhere."`
	MinWindow     string            `json:"min_window" jsonschema_description:"A backfill's windows are not shorter."`
	Step          string            `json:"step" jsonschema_description:"A backfill's windows are so long, such as 720h."`
}
