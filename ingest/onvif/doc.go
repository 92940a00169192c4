// Package onvif speaks to cameras by ONVIF: it finds them on the local network
// (WS-Discovery), asks what streams they have (Media, Media2), hears what they
// report (PullPoint) and steers them (PTZ). SOAP is written and read by hand.
//
// A camera is not trusted: answers are bounded in bytes, depth and number of
// elements, documents with a DTD are refused (so nothing is expanded), no
// redirect is followed, and credentials go only to the host and port that was
// asked for (threats T11, T13): addresses that a camera names are taken apart
// and their host is replaced. Passwords are sent as digests only.
package onvif
