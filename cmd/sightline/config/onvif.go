package config

import "fmt"

// ONVIF is how cameras are found, listened to and steered by that protocol.
type ONVIF struct {
	Discovery  string   `key:"onvif.discovery" enum:"off,administrators,accounts" default:"off" help:"Who may look for cameras on the server's local networks when adding one: off (nobody), administrators (of the instance) or accounts (everybody). A search sends multicast from the server and shows what answers."`
	Interfaces []string `key:"onvif.interfaces" sep:"," help:"Network interfaces that are searched, such as eth1. Empty: all that can multicast, but loopback."`
	Events     bool     `key:"onvif.events" default:"true" negatable:"" help:"Listen to what cameras with an ONVIF address report, such as motion."`
}

func (o ONVIF) check() error {
	switch o.Discovery {
	case "off", "administrators", "accounts":
		return nil
	}
	return fmt.Errorf("onvif.discovery: %q is none of off, administrators and accounts", o.Discovery)
}
