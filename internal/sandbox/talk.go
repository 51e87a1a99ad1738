package sandbox

import "strings"

// script is one kind of support conversation: what the customer writes first and what is said afterwards, agent and
// customer in turn. {name}, {agent}, {company}, {number}, {amount} and {feature} are filled in.
type script struct {
	title, opening string
	replies        []string
}

func scripts() []script {
	return []script{
		{"Charged twice", "Hi, {company} was charged twice this month: invoice {number} appears two times on our statement (€{amount} each). Can you look into it?", []string{
			"Hi {name}, sorry about that. I can see both charges. One of them is only a reservation and should disappear in 3–5 days.",
			"It has been six days now and it is still there.", "Thanks for checking. I have raised it with our payments team and refunded the second charge of €{amount}.",
			"The refund has arrived. Thank you, {agent}!", "Great to hear. I'll close this, just reply here if it comes back.", "Could you also send invoice {number} as a PDF?"}},
		{"Cannot log in after the update", "Since this morning nobody at {company} can log in. We get “session expired” right after the password.", []string{
			"Hello {name}, thanks for reporting. Which browser are you using, and does a private window help?",
			"Chrome 126 on Windows. A private window works!", "Then an old cookie is in the way. Clearing the cookies of app.example.com solves it; a fix is on its way as well.",
			"Works for three of us, one colleague still has trouble.", "Could your colleague send me a screenshot of the error, with the time it appeared?", "It was the VPN. All good now."}},
		{"Export is missing rows", "Our CSV export of {feature} stops after {number} rows. There should be about twice as many.", []string{
			"Hi {name}, exports are limited by the date filter at the top right. Is “last 90 days” selected there?",
			"No, it says “all time”.", "I could reproduce it. Rows with an emoji in the title cut the file short. Engineering is on it.",
			"Any news? We need the export for the month-end report.", "The fix is live since an hour ago. Could you try once more?", "Perfect, {number} rows now."}},
		{"How do I use {feature}?", "Hello! I'm setting up {feature} for my team and can't find where to invite others. Is there a guide?", []string{
			"Welcome, {name}! You find it under Settings → People → Invite. This article shows the steps: https://help.example.com/{number}",
			"Found it, thanks. Can I limit what guests see?", "Yes: choose the role “Guest” and pick the projects they may open.",
			"Is there a limit on the number of guests?", "Up to 25 guests are included in your plan."}},
		{"Webhook deliveries fail", "Our endpoint gets no webhooks since 02:10 UTC. In the log I see status 503 for delivery {number}, although we are up.", []string{
			"Thanks {name}. Deliveries are paused after 50 failures in a row, I can see that happened at 02:10.",
			"We had a short outage then. Can you resume them and send what was missed?", "Resumed. {number} events are being sent again, the oldest first.",
			"They are arriving. Some of them twice, is that expected?", "Yes, delivery is at least once; please use the event's id to recognise repeats."}},
		{"Upgrade to the yearly plan", "We'd like to move {company} from monthly to yearly billing. Is there a discount, and does VAT change?", []string{
			"Hi {name}! The yearly plan is two months cheaper: €{amount} for your {number} seats. VAT stays as it is.",
			"Sounds good. Can we pay by bank transfer?", "Yes, from €1,000 on. I'll send a quote, it is valid for 30 days.",
			"Quote received, our finance team will sign it this week.", "Lovely, I'll keep an eye on it."}},
		{"Delete my data", "Please delete all personal data that you hold about me, as the GDPR entitles me to, and confirm.", []string{
			"Hello {name}, of course. To protect your account I need you to confirm from this address.",
			"I confirm.", "Thank you. The request has number {number} and will be complete within 30 days.", "Is the backup included?", "Yes, backups expire after 35 days."}},
		{"The mobile app crashes", "The app closes as soon as I open {feature}. iPhone 14, latest iOS. 😕", []string{
			"Sorry {name}! Does it also happen on Wi-Fi only, or with mobile data as well?",
			"Both.", "Could you turn on “Send diagnostics” in the app's settings and open it once more?",
			"Done.", "Got it: report {number}. A photo with a broken date is the cause, version 5.2.1 will have the fix.", "5.2.1 works, merci beaucoup!"}},
	}
}

func features() []string {
	return []string{"reports", "shared inboxes", "the calendar", "time tracking", "automations", "the API", "custom roles", "Übersetzungen"}
}

// followUps are what customers and agents write when the data changes while the API runs.
func followUps() []string {
	return []string{
		"Just checking whether there is any news here.", "We have rolled out a fix, could you try again?", "That did it, thank you!",
		"It happened again this morning, same message as before.", "I've passed this on to our engineers and will keep you posted.",
		"Thanks {agent}, no hurry.", "Could you tell me your order number?", "It is {number}.",
	}
}

// lines are the words that a conversation's placeholders stand for.
type lines struct{ name, agent, company, number, amount, feature string }

func (l lines) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return strings.NewReplacer("{name}", l.name, "{agent}", l.agent, "{company}", l.company, "{number}", l.number,
		"{amount}", l.amount, "{feature}", l.feature).Replace(text)
}
