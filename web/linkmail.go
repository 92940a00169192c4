package web

import "sightline/internal/fault"

type linkMail struct {
	To   string `json:"to"`
	Text string `json:"text,omitempty"` // of the owner, at most 500 characters
}

func linkMailRoutes() []route {
	return []route{{method: "POST", path: "/api/v1/links/:id/mail", who: account, body: jsonBody, status: accepted,
		summary: "Send a link by mail, in a fixed letter without its password. 409 mail_off where the server sends none.",
		in:      linkMail{}, out: mailedView{}, handle: mailLink}}
}

type mailedView struct {
	Accepted bool `json:"accepted"` // it will be tried; whether it arrives nobody knows
}

// mailLink asks for the letter. It is one of the account's mails of a day from
// when it was taken; what was wrong with the request costs nothing.
func mailLink(r *request) error {
	var in linkMail
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.To == "" {
		return fault.Field("to", fault.CodeRequired, "Enter an e-mail address.")
	}
	if err := r.s.cfg.Authority.MailLink(r.ctx, r.subject, r.param("id"), in.To, in.Text, r.base()); err != nil {
		return err
	}
	return r.json(accepted, mailedView{Accepted: true})
}
