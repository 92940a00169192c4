package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"sightline/authz"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// TicketLife is how long an address with a ticket works (R15).
const TicketLife = 5 * time.Minute

// readingMost is how long one reading by a ticket may go on.
const readingMost = 26 * time.Hour

// Ticket lets a player that has no login read one span of one layer of a camera.
// It gives no right: it says who asks, and every request is decided again for him.
type Ticket struct {
	Subject    authz.Subject // as Authenticate returned it; a login or a token
	Generation uint64        // of the account's logins: a new password ends it
	Camera     string
	Layer      Layer
	From       time.Time
	To         time.Time // zero: as it grows
	Issued     time.Time
}

// sealedTicket is a Ticket as it travels.
type sealedTicket struct {
	Account    string `json:"a"`
	Login      string `json:"l,omitempty"`
	Token      string `json:"t,omitempty"`
	Generation uint64 `json:"g"`
	Layer      Layer  `json:"y"`
	From       int64  `json:"f"` // microseconds, as all times of the archive
	To         int64  `json:"o,omitempty"`
	Issued     int64  `json:"i"`
	Life       int64  `json:"x"`
}

// Tickets makes and opens tickets and the keys that readings go on with. Both are
// sealed, each for its own place, so neither can be made, changed, or used for the
// other, for another camera, or for another ticket.
type Tickets struct {
	box  *seal.Box
	life time.Duration
}

// NewTickets makes Tickets; life zero, or longer than TicketLife, is TicketLife.
func NewTickets(box *seal.Box, life time.Duration) *Tickets {
	if life <= 0 || life > TicketLife {
		life = TicketLife
	}
	return &Tickets{box, life}
}

func ticketPlace(camera string) seal.Place {
	return seal.Place{Object: camera, Field: "archive/ticket"}
}

func readingPlace(camera, ticket string) seal.Place {
	sum := sha256.Sum256([]byte(ticket))
	return seal.Place{Tenant: hex.EncodeToString(sum[:]), Object: camera, Field: "archive/reading"}
}

// Life is how long a ticket works, and how long a reading goes on without a request.
func (t *Tickets) Life() time.Duration { return t.life }

// Make seals a ticket; it works from tk.Issued for Life.
func (t *Tickets) Make(tk Ticket) string {
	s := sealedTicket{Account: tk.Subject.Account, Login: tk.Subject.Login, Token: tk.Subject.Token, Generation: tk.Generation,
		Layer: tk.Layer, From: tk.From.UnixMicro(), Issued: tk.Issued.UnixMicro(), Life: t.life.Microseconds()}
	if !tk.To.IsZero() {
		s.To = tk.To.UnixMicro()
	}
	text, _ := json.Marshal(s) // strings and numbers
	return t.box.Seal(secret.New(string(text)), ticketPlace(tk.Camera))
}

// Open opens a ticket of a camera. fresh says whether it still works by itself; if
// not, its reading may go on with a key (Goes).
func (t *Tickets) Open(camera, ticket string, now time.Time) (_ Ticket, fresh, ok bool) {
	text, err := t.box.Unseal(ticket, ticketPlace(camera))
	var s sealedTicket
	if err != nil || json.Unmarshal([]byte(text.Reveal()), &s) != nil {
		return Ticket{}, false, false
	}
	tk := Ticket{Subject: authz.Subject{Kind: authz.AccountSubject, Account: s.Account, Login: s.Login, Token: s.Token},
		Generation: s.Generation, Camera: camera, Layer: s.Layer, From: micros(s.From), Issued: micros(s.Issued)}
	if s.To != 0 {
		tk.To = micros(s.To)
	}
	age := now.Sub(tk.Issued)
	life := min(time.Duration(s.Life)*time.Microsecond, t.life)
	return tk, age >= -time.Minute && age < life, age < readingMost
}

// Key is what the reading of a ticket goes on with: it works for Life from now.
func (t *Tickets) Key(camera, ticket string, now time.Time) string {
	return t.box.Seal(secret.New(strconv.FormatInt(now.Add(t.life).UnixMicro(), 36)), readingPlace(camera, ticket))
}

// Goes reports whether a reading of a ticket goes on with a key, and for how long yet.
func (t *Tickets) Goes(camera, ticket, key string, now time.Time) (left time.Duration, ok bool) {
	text, err := t.box.Unseal(key, readingPlace(camera, ticket))
	if err != nil {
		return 0, false
	}
	until, err := strconv.ParseInt(text.Reveal(), 36, 64)
	left = micros(until).Sub(now)
	return left, err == nil && left > 0 && left <= t.life+time.Minute
}
