package onvif

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of a document, beside its bytes.
const (
	maxDepth = 48
	maxNodes = 20_000
)

// node is one element of a parsed document. All methods take a nil node for an
// element that is not there, so that a missing part of an answer reads as empty.
// Elements are found by their local name: cameras get namespaces wrong.
type node struct {
	name  xml.Name
	attrs []xml.Attr
	text  string
	kids  []*node
}

var (
	errDTD     = errors.New("a document with a DTD")
	errTooDeep = errors.New("a document nested too deep")
	errTooMany = errors.New("a document of too many elements")
	errNoRoot  = errors.New("a document without content")
)

// parse reads a whole document. No entities are expanded but those of XML itself.
func parse(data []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = charset
	var root *node
	var open []*node
	var text []*strings.Builder
	count := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, errDTD
		case xml.StartElement:
			if count++; count > maxNodes {
				return nil, errTooMany
			}
			if len(open) >= maxDepth {
				return nil, errTooDeep
			}
			n := &node{name: t.Name, attrs: append([]xml.Attr(nil), t.Attr...)}
			switch {
			case len(open) > 0:
				top := open[len(open)-1]
				top.kids = append(top.kids, n)
			case root != nil:
				return nil, errTooMany
			default:
				root = n
			}
			open, text = append(open, n), append(text, new(strings.Builder))
		case xml.EndElement:
			n := open[len(open)-1]
			n.text = text[len(text)-1].String()
			open, text = open[:len(open)-1], text[:len(text)-1]
		case xml.CharData:
			if len(text) > 0 {
				text[len(text)-1].Write(t)
			}
		}
	}
	if root == nil || len(open) > 0 {
		return nil, errNoRoot
	}
	return root, nil
}

// charset reads the old one-byte encoding some cameras name; others are refused.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		raw, err := io.ReadAll(io.LimitReader(in, bodyLimit))
		if err != nil {
			return nil, err
		}
		out := make([]rune, len(raw))
		for i, b := range raw {
			out[i] = rune(b)
		}
		return strings.NewReader(string(out)), nil
	}
	return nil, fmt.Errorf("a document in %q", clean(label))
}

// child is the first direct child of a name.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name.Local == name {
			return k
		}
	}
	return nil
}

// find is the first element of a name below n, n itself included, in document order.
func (n *node) find(name string) *node {
	if n == nil {
		return nil
	}
	if n.name.Local == name {
		return n
	}
	for _, k := range n.kids {
		if f := k.find(name); f != nil {
			return f
		}
	}
	return nil
}

// all are the elements of a name below n that are not within another of them.
func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	if n.name.Local == name {
		return []*node{n}
	}
	var out []*node
	for _, k := range n.kids {
		out = append(out, k.all(name)...)
	}
	return out
}

func (n *node) attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.text)
}

// number is the element's whole number, -1 when it is none.
func (n *node) number() int {
	v, err := strconv.Atoi(n.value())
	if err != nil || v < 0 {
		return -1
	}
	return v
}

// decimal is the element's number, 0 when it is none.
func (n *node) decimal() float64 {
	v, err := strconv.ParseFloat(n.value(), 64)
	if err != nil || v != v || v > 1e9 || v < -1e9 {
		return 0
	}
	return v
}

// write puts the element into b as it was, with its own namespaces.
func (n *node) write(b *strings.Builder) {
	fmt.Fprintf(b, `<%s xmlns="%s"`, n.name.Local, escape(n.name.Space))
	for i, a := range n.attrs {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || !plain(a.Name.Local):
		case a.Name.Space == "":
			fmt.Fprintf(b, ` %s="%s"`, a.Name.Local, escape(a.Value))
		default:
			fmt.Fprintf(b, ` xmlns:a%d="%s" a%d:%s="%s"`, i, escape(a.Name.Space), i, a.Name.Local, escape(a.Value))
		}
	}
	b.WriteByte('>')
	if len(n.kids) == 0 {
		b.WriteString(escape(n.text))
	}
	for _, k := range n.kids {
		if plain(k.name.Local) {
			k.write(b)
		}
	}
	fmt.Fprintf(b, "</%s>", n.name.Local)
}

// plain reports whether a name can be written as it is.
func plain(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// escape makes text safe in an element and in an attribute.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
