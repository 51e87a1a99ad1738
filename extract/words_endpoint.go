package extract

// endpointWords is the request, and where the records are in the answer.
type endpointWords struct {
	Path            string                `json:"path" jsonschema_description:"Below base_url; a substream's holds {{ stream_slice.FIELD }} of its parent, whose resource is {{ stream_slice_resource }}. {name} takes the parameter of that name."`
	Method          string                `json:"method" jsonschema:"enum=GET,enum=POST"`
	Params          map[string]queryParam `json:"params" jsonschema_description:"Query parameters; { type: resolve, resource: NAME, field: PATH } takes a field of the parent NAME."`
	Headers         map[string]string     `json:"headers" jsonschema_description:"For this resource; they come before the client's."`
	Body            map[string]any        `json:"body" jsonschema_description:"JSON body of a POST."`
	JSON            map[string]any        `json:"json" jsonschema_description:"Another name of body."`
	Data            map[string]scalar     `json:"data" jsonschema_description:"Form body of a POST."`
	Auth            authWords             `json:"auth" jsonschema_description:"In place of the client's."`
	Incremental     incrementalWords      `json:"incremental" jsonschema_description:"Beside endpoint, or here."`
	DataSelector    string                `json:"data_selector" jsonschema_description:"Path of the list of records, such as data.items; empty or $: the answer is the list."`
	TotalPath       string                `json:"total_path" jsonschema_description:"Path of the number of records in all: a listing that is short of it is no success."`
	Paginator       paginatorWords        `json:"paginator" jsonschema_description:"The way from page to page; its type alone will do where nothing else is needed."`
	ResponseActions []actionWords         `json:"response_actions" jsonschema_description:"What unusual answers mean; the first that matches counts."`
}

// resolveWords is a parameter that is taken from a parent.
type resolveWords struct {
	Type     string `json:"type" jsonschema:"required,enum=resolve"`
	Resource string `json:"resource" jsonschema:"required" jsonschema_description:"Becomes the parent."`
	Field    string `json:"field" jsonschema:"required" jsonschema_description:"Path of the parent's field."`
}

// paginatorWords is the way from page to page. Which fields belong to which type: see pagingOwn.
type paginatorWords struct {
	Type               string   `json:"type" jsonschema:"required,enum=auto,enum=single_page,enum=page_number,enum=offset,enum=cursor,enum=header_cursor,enum=json_link,enum=json_response,enum=header_link,enum=scroll,enum=custom" jsonschema_description:"json_response is another name of json_link; custom is a scroll."`
	CursorPath         string   `json:"cursor_path" jsonschema_description:"cursor, scroll: where the answer holds the next page's token. Without a word it is looked for by the name that cursor_param gives."`
	CursorParam        string   `json:"cursor_param" jsonschema_description:"cursor, header_cursor, scroll: query parameter that carries the token; cursor without a word. Beside cursor_body_path it only names the token."`
	CursorBodyPath     string   `json:"cursor_body_path" jsonschema_description:"cursor: place in the body that carries it."`
	CursorKey          string   `json:"cursor_key" jsonschema_description:"header_cursor: response header that holds the token; next without a word."`
	NextURLPath        string   `json:"next_url_path" jsonschema_description:"json_link: where the answer holds the next page's URL; next without a word."`
	NextParams         []string `json:"next_params" jsonschema_description:"json_link: members of a next that is an object, sent as query parameters."`
	LinksNextKey       string   `json:"links_next_key" jsonschema_description:"header_link: relation of the Link header; next without a word."`
	OtherHost          string   `json:"other_host" jsonschema:"enum=error,enum=rewrite" jsonschema_description:"json_link, header_link: a link to another host is refused, or its path and query are asked of base_url. The token is never sent elsewhere."`
	PageParam          string   `json:"page_param" jsonschema_description:"page_number: query parameter; page without a word."`
	PageBodyPath       string   `json:"page_body_path" jsonschema_description:"page_number: place in the body."`
	BasePage           int      `json:"base_page" jsonschema_description:"page_number: number of the API's first page; 0 without a word, as elsewhere."`
	Page               int      `json:"page" jsonschema_description:"page_number: page to begin at; base_page without a word."`
	MaximumPage        int      `json:"maximum_page" jsonschema_description:"page_number: how many pages the API shows; reached, the listing is capped and deletes nothing."`
	Limit              int      `json:"limit" jsonschema_description:"offset: records a page."`
	Offset             int      `json:"offset" jsonschema_description:"offset: where to begin."`
	OffsetParam        string   `json:"offset_param" jsonschema_description:"offset: query parameter; offset without a word."`
	OffsetBodyPath     string   `json:"offset_body_path" jsonschema_description:"offset: place in the body."`
	LimitParam         string   `json:"limit_param" jsonschema_description:"offset: query parameter; limit without a word."`
	LimitBodyPath      string   `json:"limit_body_path" jsonschema_description:"offset: place in the body."`
	MaximumOffset      int      `json:"maximum_offset" jsonschema_description:"offset: how many records the API shows; reached, the listing is capped and deletes nothing."`
	PageSize           int      `json:"page_size" jsonschema_description:"Records a page, sent at page_size_param or page_size_body_path where one is given."`
	PageSizeParam      string   `json:"page_size_param" jsonschema_description:"Query parameter that carries page_size."`
	PageSizeBodyPath   string   `json:"page_size_body_path" jsonschema_description:"Place in the body that carries page_size."`
	TotalPath          string   `json:"total_path" jsonschema_description:"page_number: where the answer holds the number of pages; offset: of records."`
	HasMorePath        string   `json:"has_more_path" jsonschema_description:"Where the answer says whether there is another page; that it does not say so is an error."`
	StopAfterEmptyPage bool     `json:"stop_after_empty_page" jsonschema_description:"An empty page is the last, where neither total_path nor has_more_path nor stop_condition says otherwise. page_number, offset: true without a word; cursor, header_cursor: false."`
	StopCondition      string   `json:"stop_condition" jsonschema_description:"Expression over response, headers, last_record, last_page_size and config; true: this was the last page. False without a next page is an error."`
	Shifting           bool     `json:"shifting" jsonschema_description:"Rows that come or go move the others from page to page: such a listing is read until two readings agree, and begun again rather than gone on with. page_number, offset: true without a word; json_link, header_link: where the link counts (page=2, offset=100)."`
	BusyCode           string   `json:"busy_code" jsonschema_description:"scroll: the API's error code for: another one is open."`
}

// actionWords says what an answer means.
type actionWords struct {
	StatusCode statusCode `json:"status_code" jsonschema_description:"404, or a class such as 5xx."`
	Content    string     `json:"content" jsonschema_description:"Text that the answer's body holds, as it is spelt there. Of a success it counts only where there are no records: theirs may hold any text."`
	When       string     `json:"when" jsonschema_description:"Expression over response, headers and status."`
	Action     string     `json:"action" jsonschema:"required,enum=ignore,enum=empty,enum=retry,enum=fail,enum=wait" jsonschema_description:"ignore: a substream's parent is gone, a root's listing is empty; empty: there are no records; retry: with growing pauses; wait: as long as the answer or wait asks for, then again, a few times. ignore and empty are for the first page: in the middle of a listing they fail, with everything behind missing."`
	Wait       string     `json:"wait" jsonschema_description:"wait: how long, such as 30s, where the answer does not say."`
	Hint       string     `json:"hint" jsonschema_description:"fail: what a person can do."`
}
