// Package notice tells people things outside of the wall. It consumes
// mail_requested events: one-time links by mail, each once, retried while the mail
// server is away.
package notice
