package onvif

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	pullWait    = 5 * time.Second  // how long a camera may wait for something to tell
	pullLimit   = 32               // messages of one answer
	leaseAsked  = 60 * time.Second // of a subscription; renewed at half
	leaseFormat = "PT60S"
)

// Subscription is a camera's pull point. One goroutine uses it.
type Subscription struct {
	c         *Client
	path      string
	to        string // what the camera calls it, for the header
	reference string // headers the camera wants back
	renewAt   time.Time
}

// Message is one notification of a camera.
type Message struct {
	Topic  string // segments joined by "/", without prefixes
	Op     string // Initialized, Changed, Deleted, or ""
	Source string // what it is about, for telling several sources of a topic apart
	Data   map[string]string
}

// Subscribe makes a pull point.
func (c *Client) Subscribe(ctx context.Context) (*Subscription, error) {
	path, ok, err := c.service(ctx, nsEvents)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &Error{class: classMissing}
	}
	const action = nsEvents + "/EventPortType/CreatePullPointSubscriptionRequest"
	body, err := c.callWith(ctx, path, addressing(action, c.full(path), ""),
		`<tev:CreatePullPointSubscription><tev:InitialTerminationTime>`+leaseFormat+`</tev:InitialTerminationTime></tev:CreatePullPointSubscription>`, action)
	if err != nil {
		return nil, err
	}
	ref := body.find("SubscriptionReference")
	address := ref.find("Address").value()
	own, ok := c.local(address)
	if !ok {
		return nil, &Error{class: classAnswer}
	}
	s := &Subscription{c: c, path: own, to: address, renewAt: time.Now().Add(leaseAsked / 2)}
	var b strings.Builder
	if p := ref.child("ReferenceParameters"); p != nil {
		for _, k := range p.kids {
			if plain(k.name.Local) && b.Len() < 4096 {
				k.write(&b)
			}
		}
	}
	s.reference = b.String()
	return s, nil
}

// full is a path as a whole address at the host that was asked.
func (c *Client) full(path string) string { return c.base.Scheme + "://" + c.base.Host + path }

func (s *Subscription) ask(ctx context.Context, body, action string) (*node, error) {
	return s.c.callWith(ctx, s.path, addressing(action, s.to, s.reference), body, action)
}

// Pull waits for what happens, a few seconds at most, and renews the
// subscription when it is time.
func (s *Subscription) Pull(ctx context.Context) ([]Message, error) {
	if time.Now().After(s.renewAt) {
		if err := s.renew(ctx); err != nil {
			return nil, err
		}
	}
	ctx, cancel := hurry(ctx, pullWait+callLimit)
	defer cancel()
	body, err := s.ask(ctx, fmt.Sprintf(`<tev:PullMessages><tev:Timeout>PT%dS</tev:Timeout><tev:MessageLimit>%d</tev:MessageLimit></tev:PullMessages>`,
		pullWait/time.Second, pullLimit), nsEvents+"/PullPointSubscription/PullMessagesRequest")
	if err != nil {
		return nil, err
	}
	return messages(body), nil
}

// renew makes the subscription last on. Cameras that cannot, and prolong it at
// each pull by themselves, say so by a fault.
func (s *Subscription) renew(ctx context.Context) error {
	_, err := s.ask(ctx, `<wsnt:Renew><wsnt:TerminationTime>`+leaseFormat+`</wsnt:TerminationTime></wsnt:Renew>`,
		"http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest")
	if err != nil && classOf(err) != classMissing && classOf(err) != classFault {
		return err
	}
	s.renewAt = time.Now().Add(leaseAsked / 2)
	return nil
}

// Close gives the subscription back: cameras have few.
func (s *Subscription) Close() {
	ctx, cancel := hurry(context.Background(), time.Second)
	defer cancel()
	_, _ = s.ask(ctx, `<wsnt:Unsubscribe/>`, "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest")
}

// messages reads the notifications of an answer.
func messages(body *node) []Message {
	var out []Message
	for _, n := range body.all("NotificationMessage") {
		if len(out) == 4*pullLimit {
			break
		}
		m := Message{Topic: topic(n.child("Topic").value()), Data: map[string]string{}}
		inner := n.child("Message").find("Message")
		if k := n.child("Message").child("Message"); k != nil {
			inner = k
		}
		m.Op = inner.attr("PropertyOperation")
		var from []string
		for _, i := range inner.child("Source").all("SimpleItem") {
			from = append(from, i.attr("Name")+"="+i.attr("Value"))
		}
		m.Source = strings.Join(from, ",")
		if len(m.Source) > 256 {
			m.Source = m.Source[:256]
		}
		for _, i := range inner.child("Data").all("SimpleItem") {
			if len(m.Data) < 32 {
				m.Data[i.attr("Name")] = i.attr("Value")
			}
		}
		if m.Topic != "" {
			out = append(out, m)
		}
	}
	return out
}

// topic drops the prefixes of a concrete topic expression: tns1:A/tnsx:B is A/B.
func topic(s string) string {
	if len(s) > 512 {
		return ""
	}
	parts := strings.Split(s, "/")
	for i, p := range parts {
		if _, name, ok := strings.Cut(p, ":"); ok {
			p = name
		}
		parts[i] = strings.TrimSpace(p)
	}
	return strings.Join(parts, "/")
}
