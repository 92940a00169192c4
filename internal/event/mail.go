package event

// Kinds of MailRequested.
const (
	MailInvitation   = "invitation"
	MailVerification = "verification"
	MailReset        = "reset"
	MailLink         = "link"  // an owner's link to a guest; Sealed is the link's secret
	MailGroup        = "group" // to who is to administer a group; Sealed is the code
	MailOffer        = "offer" // to a receiver who has an account; it has no secret
	MailUsage        = "usage" // to a link's owner: Link is its name, Text the budget, Group the notice's kind; it has no secret
)

// MailRequested asks controlroom/notice to send one mail. Secret is the
// one-time secret sealed with seal.Box; it is never stored open.
type MailRequested struct {
	Kind    string `json:"kind"`
	Account string `json:"account,omitempty"` // "" for somebody who has none yet
	Email   string `json:"email"`
	Name    string `json:"name,omitempty"`    // of the receiver
	From    string `json:"from,omitempty"`    // name of the person who caused it
	Locale  string `json:"locale"`            // language of the mail
	Base    string `json:"base,omitempty"`    // origin for the link when --public-url is not set
	Sealed  []byte `json:"sealed,omitempty"`  // seal.Box of the one-time secret
	Expires int64  `json:"expires,omitempty"` // Unix seconds, end of the one-time link

	// Of a MailLink:
	Link     string `json:"link,omitempty"`     // its name
	Text     string `json:"text,omitempty"`     // what its owner writes, ≤ 500 characters
	Zone     string `json:"zone,omitempty"`     // of the owner, for the times in the letter
	Starts   int64  `json:"starts,omitempty"`   // Unix seconds, when still to come
	Ends     int64  `json:"ends,omitempty"`     // Unix seconds
	Password bool   `json:"password,omitempty"` // it asks for one, which never is in the letter

	Group  string `json:"group,omitempty"`  // MailGroup: its name
	Camera string `json:"camera,omitempty"` // MailOffer: what is offered; named only if it still is when the mail goes
}

func (MailRequested) Type() string { return "mail_requested" }
