package sandbox

type contact struct {
	Type                   string         `json:"type"`
	ID                     string         `json:"id"`
	WorkspaceID            string         `json:"workspace_id"`
	ExternalID             *string        `json:"external_id"`
	Role                   string         `json:"role"`
	Email                  string         `json:"email"`
	Phone                  *string        `json:"phone"`
	Name                   *string        `json:"name"`
	Avatar                 *avatar        `json:"avatar"`
	OwnerID                *int64         `json:"owner_id"`
	SocialProfiles         list[profile]  `json:"social_profiles"`
	HasHardBounced         bool           `json:"has_hard_bounced"`
	MarkedEmailAsSpam      bool           `json:"marked_email_as_spam"`
	UnsubscribedFromEmails bool           `json:"unsubscribed_from_emails"`
	CreatedAt              int64          `json:"created_at"`
	UpdatedAt              int64          `json:"updated_at"`
	SignedUpAt             *int64         `json:"signed_up_at"`
	LastSeenAt             *int64         `json:"last_seen_at"`
	LastRepliedAt          *int64         `json:"last_replied_at"`
	LastContactedAt        *int64         `json:"last_contacted_at"`
	LastEmailOpenedAt      *int64         `json:"last_email_opened_at"`
	LastEmailClickedAt     *int64         `json:"last_email_clicked_at"`
	LanguageOverride       *string        `json:"language_override"`
	Browser                *string        `json:"browser"`
	BrowserVersion         *string        `json:"browser_version"`
	BrowserLanguage        *string        `json:"browser_language"`
	OS                     *string        `json:"os"`
	Location               location       `json:"location"`
	AndroidAppName         *string        `json:"android_app_name"`
	AndroidAppVersion      *string        `json:"android_app_version"`
	AndroidDevice          *string        `json:"android_device"`
	AndroidOSVersion       *string        `json:"android_os_version"`
	AndroidSDKVersion      *string        `json:"android_sdk_version"`
	AndroidLastSeenAt      *int64         `json:"android_last_seen_at"`
	IOSAppName             *string        `json:"ios_app_name"`
	IOSAppVersion          *string        `json:"ios_app_version"`
	IOSDevice              *string        `json:"ios_device"`
	IOSOSVersion           *string        `json:"ios_os_version"`
	IOSSDKVersion          *string        `json:"ios_sdk_version"`
	IOSLastSeenAt          *int64         `json:"ios_last_seen_at"`
	CustomAttributes       map[string]any `json:"custom_attributes"`
	Tags                   linked         `json:"tags"`
	Notes                  linked         `json:"notes"`
	Companies              linked         `json:"companies"`
	SMSConsent             bool           `json:"sms_consent"`
	UnsubscribedFromSMS    bool           `json:"unsubscribed_from_sms"`
	UTMCampaign            *string        `json:"utm_campaign"`
	UTMSource              *string        `json:"utm_source"`
	Referrer               *string        `json:"referrer"`
}

type avatar struct {
	Type     string `json:"type"`
	ImageURL string `json:"image_url"`
}

type profile struct {
	Type string `json:"type"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type location struct {
	Type          string  `json:"type"`
	Country       *string `json:"country"`
	Region        *string `json:"region"`
	City          *string `json:"city"`
	CountryCode   *string `json:"country_code"`
	ContinentCode *string `json:"continent_code"`
}

type list[T any] struct {
	Type string `json:"type"`
	Data []T    `json:"data"`
}

type link struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	URL  string `json:"url"`
}

// linked is a nested list. The API shows at most ten entries of it and says how many there are.
type linked struct {
	Type       string `json:"type"`
	Data       []link `json:"data"`
	URL        string `json:"url"`
	TotalCount int    `json:"total_count"`
	HasMore    bool   `json:"has_more"`
}
