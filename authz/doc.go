// Package authz is the authority: accounts, cameras' owners, grants, groups,
// links, logins and visits, one Decide for every path, and the leases that cut
// a running stream when a decision changes.
//
// # Deciding
//
// Decide is pure. Check reads the facts it needs now, in one round trip, and
// asks it; Subscribe does so too and returns a Lease, which the node's loop
// (Run) keeps alive. No decision is ever kept. Every change is one commit with
// its audit row and events, bound to the versions of the records it was decided
// on; before it returns it has cut this node's subscriptions that it ended.
//
// # Records
//
// Everything is in the control space of internal/kv. Records are JSON with a
// version; one of a version this program does not know denies what rests on it.
// <a>, <c>, <g>, <l> are ids of an account, camera, group and link. Ending a
// parent (account, camera, link) deletes its record, which every decision on
// its children reads, and leaves a mark under sweep/ from which any node removes
// the children.
//
//	acct/<a>             Account
//	cred/<a>             Credential: the password
//	mail/<e-mail>        account id
//	login/<a>/<id>       Login      id: first half of the SHA-256 of the cookie
//	token/<a>/<id>       Token      likewise
//	kiosk/<hash>         kioskRef: the login a kiosk's address is exchanged for, until it is
//	cam/<c>              Camera: the authority half
//	camown/<a>/<c>       its place in the owner's order
//	grant/<c>/<a>        Grant and offer
//	grantof/<a>/<c>      grant id
//	wait/<c>/<hash>      Grant that waits for the registration of an e-mail, by its SHA-256
//	waitof/<hash>/<c>    grant id
//	find/<words>/<a>     index of people, folded; kept with every change of an account
//	indexed              find/ is complete
//	table/<c>            the table's version (R9)
//	group/<g>            Group
//	groupcam/<g>/<c>     the owner of a camera shared in it
//	part/<g>/<a>         Participant
//	code/<g>/<id>        ShareCode
//	codehash/<hash>      codeRef: which code a typed one is, by its SHA-256
//	link/<l>             Link
//	linksec/<hash>       link id, by the secret's SHA-256
//	linkgone/<hash>      goneLink: a removed link's secret, for a year
//	linkown/<a>/<l>      links of an owner
//	linkcam/<c>/<l>      links of a camera
//	linkname/<a>/<name>  share links by folded name
//	linkcount/<a or c>   the counter behind a cap
//	visit/<l>/<id>       Visit      id as of a login
//	spent/<a>            mails and requests for access, of its daily limits
//	invite/<id> verify/<id> reset/<id>   one-time secrets, id likewise
//	instance             Instance
//	closed/<a>           when an account was closed: its log goes 30 days later
//	sweep/<kind>/<id>    parents whose children are to be removed; mail: accounts whose waiting grants are to be moved
//
// An owner's space (kv.Bulk) has his log: audit/<place in the control feed>,
// copied from there by FollowAudit.
//
// Prefixes of others: linkuse/ (controlroom/usage), ev/ and evc/ (internal/event), source/ and view/
// (controlroom), mailq/, bell/ and noticedue/ (controlroom/notice). The space "nodes" holds node/<name>: how far each node
// is, and seats/<l>: who watches by a link that has a number of viewers.
//
// # Secrets
//
// Cookies, tokens and one-time secrets are stored as SHA-256 only, passwords as
// argon2id. What must be shown or mailed again (links' secrets, one-time secrets
// in mail_requested events) is sealed by internal/seal; MailPlace says how to
// open the latter.
package authz
