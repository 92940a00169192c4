package web

import (
	"strings"

	"sightline/authz"
)

// clientInfo is what is remembered of a sign-in or a visit: the address and
// the browser's family, never the whole User-Agent.
func (r *request) clientInfo() authz.Client {
	return authz.Client{IP: r.client, Browser: browserFamily(string(r.c.Request().Header.Peek("User-Agent")))}
}

// families in the order of looking: most browsers also name those they imitate.
var families = []struct{ mark, name string }{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"},
	{"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
	{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"},
	{"Safari/", "Safari"}, {"curl/", "curl"},
}

// browserFamily is one of a closed list, so that nothing a client writes is stored.
func browserFamily(userAgent string) string {
	for _, f := range families {
		if strings.Contains(userAgent, f.mark) {
			return f.name
		}
	}
	return "other"
}
