package testcam

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxPoints = 4 // as cameras have

// pullPoint is one subscription.
type pullPoint struct {
	id    string
	until time.Time
	queue []string
	more  chan struct{} // capacity 1
}

// ONVIFEvent is what a camera tells its listeners.
type ONVIFEvent struct {
	Topic  string // such as "tns1:RuleEngine/CellMotionDetector/Motion"
	Op     string // default "Changed"
	Source string // value of VideoSourceConfigurationToken
	Name   string // data item, such as "IsMotion"; "" = no data
	Value  string
}

func (e ONVIFEvent) xml(at time.Time) string {
	op := e.Op
	if op == "" {
		op = "Changed"
	}
	data := ""
	if e.Name != "" {
		data = `<tt:Data><tt:SimpleItem Name="` + xmlText(e.Name) + `" Value="` + xmlText(e.Value) + `"/></tt:Data>`
	}
	return `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">` + xmlText(e.Topic) + `</wsnt:Topic>` +
		`<wsnt:Message><tt:Message UtcTime="` + at.UTC().Format(time.RFC3339) + `" PropertyOperation="` + op + `"><tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="` +
		xmlText(e.Source) + `"/></tt:Source>` + data + `</tt:Message></wsnt:Message></wsnt:NotificationMessage>`
}

// Emit tells all listeners.
func (o *ONVIF) Emit(e ONVIFEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.points {
		p.queue = append(p.queue, e.xml(time.Now()))
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// Listeners is the number of subscriptions.
func (o *ONVIF) Listeners() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expire()
	return len(o.points)
}

// Forget drops all subscriptions, as a restart does.
func (o *ONVIF) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.points)
}

// expire is called with mu held.
func (o *ONVIF) expire() {
	for id, p := range o.points {
		if time.Now().After(p.until) {
			delete(o.points, id)
		}
	}
}

func (o *ONVIF) eventOperations(ops map[string]answer) {
	const s = "ver10/events "
	ops[s+"CreatePullPointSubscription"] = o.subscribe
	ops[s+"PullMessages"] = o.pull
	ops["b-2 Renew"] = o.renew
	ops["b-2 Unsubscribe"] = func(_ *http.Request, m soapMessage) (body, sub, reason string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.points, m.subID)
		return `<wsnt:UnsubscribeResponse/>`, "", ""
	}
}

func (o *ONVIF) subscribe(_ *http.Request, m soapMessage) (body, sub, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expire()
	if len(o.points) >= maxPoints {
		return "", "ter:MaxPullPoints", "Maximum number of pull points reached"
	}
	o.nextID++
	p := &pullPoint{id: "sub " + num(o.nextID), until: time.Now().Add(time.Minute), more: make(chan struct{}, 1)}
	if f := seconds.FindStringSubmatch(m.text("InitialTerminationTime")); f != nil {
		s, _ := strconv.ParseFloat(f[1], 64)
		p.until = time.Now().Add(time.Duration(s * float64(time.Second)))
	}
	o.points[p.id] = p
	// How things stand: one property, quiet.
	p.queue = append(p.queue, ONVIFEvent{Topic: "tns1:RuleEngine/CellMotionDetector/Motion", Op: "Initialized", Source: "vs", Name: "IsMotion", Value: "false"}.xml(time.Now()))
	return `<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa5:Address>` + o.says("/onvif/subscription") + `</wsa5:Address>` +
		`<wsa5:ReferenceParameters><x:SubscriptionId xmlns:x="http://testcam.example/sub" wsa5:IsReferenceParameter="true">` + p.id + `</x:SubscriptionId></wsa5:ReferenceParameters></tev:SubscriptionReference>` +
		times(p) + `</tev:CreatePullPointSubscriptionResponse>`, "", ""
}

func times(p *pullPoint) string {
	return `<wsnt:CurrentTime>` + time.Now().UTC().Format(time.RFC3339) + `</wsnt:CurrentTime><wsnt:TerminationTime>` + p.until.UTC().Format(time.RFC3339) + `</wsnt:TerminationTime>`
}

// point finds the subscription a message is about by the header that came back.
func (o *ONVIF) point(r *http.Request, m soapMessage) *pullPoint {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expire()
	if r.URL.Path != "/onvif/subscription" || m.to != o.says("/onvif/subscription") {
		return nil
	}
	return o.points[m.subID]
}

func (o *ONVIF) pull(r *http.Request, m soapMessage) (body, sub, reason string) {
	p := o.point(r, m)
	f := seconds.FindStringSubmatch(m.text("Timeout"))
	limit, err := strconv.Atoi(m.text("MessageLimit"))
	if p == nil {
		return "", "wsrf-rw:ResourceUnknownFault", "No such subscription"
	}
	if f == nil || err != nil {
		return "", "ter:InvalidArgVal", "Timeout or MessageLimit"
	}
	s, _ := strconv.ParseFloat(f[1], 64)
	end := time.NewTimer(time.Duration(s * float64(time.Second)))
	defer end.Stop()
	for {
		o.mu.Lock()
		n := min(len(p.queue), limit)
		out := strings.Join(p.queue[:n], "")
		p.queue = p.queue[n:]
		o.mu.Unlock()
		if n > 0 {
			return fmt.Sprintf(`<tev:PullMessagesResponse><tev:CurrentTime>%s</tev:CurrentTime><tev:TerminationTime>%s</tev:TerminationTime>%s</tev:PullMessagesResponse>`,
				time.Now().UTC().Format(time.RFC3339), p.until.UTC().Format(time.RFC3339), out), "", ""
		}
		select {
		case <-p.more:
		case <-end.C:
			return fmt.Sprintf(`<tev:PullMessagesResponse><tev:CurrentTime>%s</tev:CurrentTime><tev:TerminationTime>%s</tev:TerminationTime></tev:PullMessagesResponse>`,
				time.Now().UTC().Format(time.RFC3339), p.until.UTC().Format(time.RFC3339)), "", ""
		case <-r.Context().Done():
			return "", "ter:Action", "gone"
		}
	}
}

func (o *ONVIF) renew(r *http.Request, m soapMessage) (body, sub, reason string) {
	p := o.point(r, m)
	if p == nil {
		return "", "wsrf-rw:ResourceUnknownFault", "No such subscription"
	}
	f := seconds.FindStringSubmatch(m.text("TerminationTime"))
	if f == nil {
		return "", "wsnt:UnacceptableTerminationTimeFault", "TerminationTime"
	}
	s, _ := strconv.ParseFloat(f[1], 64)
	o.mu.Lock()
	defer o.mu.Unlock()
	p.until = time.Now().Add(time.Duration(s * float64(time.Second)))
	return `<wsnt:RenewResponse>` + times(p) + `</wsnt:RenewResponse>`, "", ""
}
