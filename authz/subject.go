package authz

// SubjectKind says who is asking.
type SubjectKind uint8

const (
	Nobody          SubjectKind = iota // no login and no visit
	AccountSubject                     // a person signed in, by login or by personal access token
	GuestSubject                       // a visit of a link; never mixed with an account (R65)
	OperatorSubject                    // the machine's operator on the command line; instance actions only
	DeviceSubject                      // a kiosk of an account: a screen that may watch one view
)

// personal reports whether the subject acts with the grants of an account: a
// person, or a kiosk of his.
func (k SubjectKind) personal() bool { return k == AccountSubject || k == DeviceSubject }

// Subject is who asks for something. It is a value: nobody can widen one that
// has been handed on (threat T40). Only Authenticate, AuthenticateVisit, Visit
// and the sign-in services make non-trivial ones.
type Subject struct {
	Kind    SubjectKind
	Account string // AccountSubject, DeviceSubject: account id
	Login   string // AccountSubject by cookie, DeviceSubject: login id
	Token   string // AccountSubject by personal access token: token id
	Link    string // GuestSubject: link id
	Visit   string // GuestSubject: visit id
}

// Operator is the subject of a subcommand run on the machine itself.
var Operator = Subject{Kind: OperatorSubject}

// Session names what ends with this subject: two subjects with equal sessions
// are the same login, token or visit. Viewing sessions are bound to it.
func (s Subject) Session() string {
	switch {
	case s.Login != "":
		return "login/" + s.Login
	case s.Token != "":
		return "token/" + s.Token
	case s.Visit != "":
		return "visit/" + s.Link + "/" + s.Visit
	}
	return ""
}

// Object is what an action is on. Zero fields are not part of it.
type Object struct {
	Camera string
	Group  string
	Link   string
}
