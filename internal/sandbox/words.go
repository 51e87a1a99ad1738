package sandbox

// The words that names, companies and places are made of. Some are not ASCII on purpose.
func firstNames() []string {
	return []string{
		"Amara", "Anna", "Björn", "Carlos", "Chloé", "Daniel", "Dmitri", "Elena", "Émile", "Fatima", "Grace", "Hana",
		"Hugo", "Ines", "Jack", "Jürgen", "Kenji", "Lara", "Liam", "Łukasz", "Maya", "Mei", "Nadia", "Noah", "Olga",
		"Omar", "Priya", "Rosa", "Sam", "Siobhán", "Sofía", "Søren", "Tariq", "Tomás", "Uma", "Wei", "Yara", "Zoë", "美咲", "Ольга",
	}
}

func lastNames() []string {
	return []string{
		"Abbasi", "Andersson", "Baker", "Bianchi", "Brown", "Çelik", "Costa", "Dubois", "Evans", "Fischer", "García",
		"Haddad", "Ivanova", "Jansen", "Khan", "Kowalska", "Larsen", "Lee", "Müller", "Nakamura", "Ní Bhriain", "Novak",
		"O'Connor", "Okafor", "Park", "Patel", "Reyes", "Rossi", "Schmidt", "Silva", "Singh", "Tanaka", "Weiß", "Zhang",
	}
}

func companyHeads() []string {
	return []string{
		"Acorn", "Alpine", "Amber", "Atlas", "Beacon", "Birch", "Blue Heron", "Brightwater", "Cedar", "Cobalt", "Copper",
		"Delta", "Ember", "Fjord", "Granite", "Harbor", "Höhenflug", "Juniper", "Kestrel", "Lantern", "Maple", "Meridian",
		"Northwind", "Nørrebro", "Orchard", "Pinecone", "Quill", "Redwood", "Saffron", "Señal", "Tidewater", "Umbra", "Violet", "Willow",
	}
}

func companyTails() []string {
	return []string{
		"Analytics", "Bakery", "Bikes", "Books", "Clinic", "Cloud", "Coffee", "Design", "Energy", "Foods", "Freight",
		"GmbH", "Health", "Insurance", "Labs", "Learning", "Legal", "Logistics", "Media", "Outdoor", "Payments", "Robotics", "Travel", "& Sons",
	}
}

func industries() []string {
	return []string{"Software", "Retail", "Manufacturing", "Healthcare", "Education", "Logistics", "Finance", "Hospitality", "Média"}
}

type place struct{ country, region, city, code, continent string }

func places() []place {
	return []place{
		{"Ireland", "Leinster", "Dublin", "IRL", "EU"}, {"Germany", "Bayern", "München", "DEU", "EU"},
		{"United States", "Oregon", "Portland", "USA", "NA"}, {"United States", "New York", "Brooklyn", "USA", "NA"},
		{"France", "Île-de-France", "Paris", "FRA", "EU"}, {"Brazil", "São Paulo", "São Paulo", "BRA", "SA"},
		{"Japan", "Tokyo", "渋谷区", "JPN", "AS"}, {"India", "Karnataka", "Bengaluru", "IND", "AS"},
		{"Kenya", "Nairobi County", "Nairobi", "KEN", "AF"}, {"Australia", "Victoria", "Melbourne", "AUS", "OC"},
		{"Canada", "Québec", "Montréal", "CAN", "NA"}, {"Poland", "Łódzkie", "Łódź", "POL", "EU"},
	}
}

func jobTitles() []string {
	return []string{"Support Engineer", "Support Lead", "Customer Success Manager", "Billing Specialist", "Solutions Engineer", "Head of Support"}
}

func tagNames() []string {
	return []string{
		"billing", "bug", "feature request", "VIP", "onboarding", "churn risk", "refund", "integration", "mobile", "security",
		"CSV Import - 2024-02-13 13:36:22 UTC", "beta tester", "follow-up", "Prüfung", "duplicate", "docs", "escalated", "translation", "API", "partner",
	}
}

// teamNames holds one name twice: names of teams are not keys.
func teamNames() []string {
	return []string{"Support", "Billing", "Onboarding", "Support", "Enterprise", "Night shift", "Integrations"}
}

func segmentNames() []string {
	return []string{"New", "Active", "Slipping Away", "All Users", "Companies with fewer than 100 people", "Paying customers", "Trial ends this week", "Europe / EMEA", "Key accounts", "Dormant"}
}
