package extract

// loadAuth reads how requests prove who asks.
func (l *loader) loadAuth(client *section) {
	auth := client.sub("auth", "auth", words[authWords]())
	if auth == nil {
		return
	}
	if auth.node("type") == nil {
		l.mistake(auth.at, "auth has no type (supported: bearer)")
	}
	auth.choice("type", "api_key", "http_basic", "oauth2_client_credentials", "oauth2_refresh_token", "none")
	l.src.client.token = l.requiredTemplate(auth, "token")
}
