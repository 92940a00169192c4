package testcam

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const soapHead = `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"` +
	` xmlns:wsa5="http://www.w3.org/2005/08/addressing" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"` +
	` xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" xmlns:tev="http://www.onvif.org/ver10/events/wsdl"` +
	` xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics" xmlns:tt="http://www.onvif.org/ver10/schema"` +
	` xmlns:ter="http://www.onvif.org/ver10/error">`

// soapMessage is a request as this camera reads it.
type soapMessage struct {
	service string // last parts of the operation's namespace: "ver10/device", "b-2" ...
	op      string
	body    []byte // of the operation element, itself included
	token   struct{ user, digest, nonce, created string }
	to      string
	subID   string // our reference parameter, when it came back
}

type soapEnvelope struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Username string `xml:"Security>UsernameToken>Username"`
		Password struct {
			Type string `xml:"Type,attr"`
			Text string `xml:",chardata"`
		} `xml:"Security>UsernameToken>Password"`
		Nonce   string `xml:"Security>UsernameToken>Nonce"`
		Created string `xml:"Security>UsernameToken>Created"`
		To      string `xml:"http://www.w3.org/2005/08/addressing To"`
		SubID   string `xml:"http://testcam.example/sub SubscriptionId"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body struct {
		Inner []byte `xml:",innerxml"`
		First struct {
			XMLName xml.Name
		} `xml:",any"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

func readSOAP(r *http.Request) (soapMessage, error) {
	var m soapMessage
	if r.Method != http.MethodPost {
		return m, errors.New("POST only")
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return m, err
	}
	var e soapEnvelope
	if err := xml.Unmarshal(raw, &e); err != nil {
		return m, err
	}
	name := e.Body.First.XMLName
	m.op = name.Local
	parts := strings.Split(strings.TrimSuffix(name.Space, "/wsdl"), "/")
	m.service = parts[len(parts)-1]
	if len(parts) > 1 && strings.HasPrefix(parts[len(parts)-2], "ver") {
		m.service = parts[len(parts)-2] + "/" + m.service
	}
	// The prefixes of the operation are declared on the envelope: the whole
	// document is kept, and fields are found by their path in it.
	m.body = raw
	h := e.Header
	m.token.user, m.token.nonce, m.token.created = h.Username, h.Nonce, h.Created
	if strings.HasSuffix(h.Password.Type, "#PasswordDigest") {
		m.token.digest = h.Password.Text
	}
	m.to, m.subID = h.To, h.SubID
	if m.op == "" {
		return m, errors.New("an empty body")
	}
	return m, nil
}

// text is the first element of a local name in the request's body.
func (m soapMessage) text(name string) string {
	d := xml.NewDecoder(bytes.NewReader(m.body))
	inBody := false
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		s, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		inBody = inBody || s.Name.Local == "Body"
		if inBody && s.Name.Local == name {
			var out string
			if d.DecodeElement(&out, &s) != nil {
				return ""
			}
			return strings.TrimSpace(out)
		}
	}
}

// attr is an attribute of the first element of a local name, as a number.
func (m soapMessage) attr(element, name string) (float64, bool) {
	d := xml.NewDecoder(bytes.NewReader(m.body))
	for {
		t, err := d.Token()
		if err != nil {
			return 0, false
		}
		if s, ok := t.(xml.StartElement); ok && s.Name.Local == element {
			for _, a := range s.Attr {
				if a.Name.Local == name {
					f, err := strconv.ParseFloat(a.Value, 64)
					return f, err == nil
				}
			}
		}
	}
}

func soapFault(w http.ResponseWriter, status int, code, sub, reason string) {
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `%s<s:Body><s:Fault><s:Code><s:Value>%s</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`,
		soapHead, code, sub, xmlText(reason))
}

func xmlText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a Buffer never fails
	return b.String()
}

func num(i int) string { return strconv.Itoa(i) }
