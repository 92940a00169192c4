package testcam

import (
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/net/ipv4"
)

// discoveryProbe is a WS-Discovery question as this camera reads it.
type discoveryProbe struct {
	ID    string `xml:"Header>MessageID"`
	Types string `xml:"Body>Probe>Types"`
}

// answerSearches joins the group and answers who asks for video transmitters.
func (o *ONVIF) answerSearches() error {
	i, err := net.InterfaceByName(o.cfg.Interface)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp4", o.cfg.Group.String())
	if err != nil {
		return err
	}
	if err := ipv4.NewPacketConn(conn).JoinGroup(i, net.UDPAddrFromAddrPort(o.cfg.Group)); err != nil {
		_ = conn.Close()
		return err
	}
	o.search = conn
	o.wg.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			o.answerSearch(buf[:n], from)
		}
	})
	return nil
}

func (o *ONVIF) answerSearch(raw []byte, from net.Addr) {
	var p discoveryProbe
	if xml.Unmarshal(raw, &p) != nil || p.ID == "" || p.Types != "" && !strings.Contains(p.Types, "NetworkVideoTransmitter") && !strings.Contains(p.Types, "Device") {
		return
	}
	reply := func(id, address, name string) {
		_, _ = o.search.WriteTo([]byte(fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">`+
			`<s:Header><a:MessageID>urn:uuid:%d</a:MessageID><a:RelatesTo>%s</a:RelatesTo><a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>`+
			`<s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>%s</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>`+
			`<d:Scopes>onvif://www.onvif.org/type/ptz onvif://www.onvif.org/hardware/%s onvif://www.onvif.org/name/%s onvif://www.onvif.org/location/Kyiv</d:Scopes><d:XAddrs>%s</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`,
			time.Now().UnixNano(), xmlText(p.ID), id, o.cfg.Model, name, address)), from)
	}
	for i := range o.cfg.Strangers {
		reply("urn:uuid:stranger-"+num(i), fmt.Sprintf("http://192.0.2.%d/onvif/device_service", i%250+1), "Stranger")
	}
	if o.cfg.Strangers > 0 {
		_, _ = o.search.WriteTo([]byte("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), from)
		_, _ = o.search.WriteTo([]byte(strings.Repeat("x", 60000)), from)
	}
	own := "http://" + o.Addr() + "/onvif/device_service"
	reply("urn:uuid:testcam-"+o.Addr(), "http://[fe80::1]/onvif/device_service "+own, "Front%20door%3Cb%3E")
	reply("urn:uuid:testcam-"+o.Addr(), own, "Twice")
}
