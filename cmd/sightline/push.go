package main

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom/notice"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/outbound"
	"sightline/internal/push"
	"sightline/internal/seal"
	"sightline/internal/webhook"
)

// outboundLimit is the longest request that leaves for a webhook or a push service.
const outboundLimit = 10 * time.Second

// buildChannels makes the ways notices leave by besides the mail.
func (n *node) buildChannels(reg prometheus.Registerer, box *seal.Box, texts *i18n.Catalogues) (err error) {
	guard := outbound.NewGuard(n.cfg.Outbound.Networks, nil)
	client := outbound.NewClient(guard, outboundLimit, n.roots)
	n.push, err = push.New(push.Config{Store: n.store, Seal: box, Guard: guard, Client: client, Stands: n.loginStands, Contact: n.contact(),
		Most: n.cfg.Limits.PushDevices, Log: n.log.With("part", "push"), Registerer: reg, Clock: n.clock})
	if err != nil {
		return err
	}
	n.webhooks, err = webhook.New(webhook.Config{Store: n.store, Seal: box, Guard: guard, Client: client, NewID: authz.NewID,
		Most: n.cfg.Limits.Webhooks, Log: n.log.With("part", "webhook"), Registerer: reg, Clock: n.clock,
		Test: func(language string) (title, body string) {
			return "Sightline", texts.Text(language, "webhooks.test_body", nil)
		}})
	if err != nil {
		return err
	}
	n.stack.push("ways out", func(context.Context) error { client.Close(); return nil })
	n.stack.loop("push devices", n.push.Run)
	n.stack.loop("ends of ways out", func(ctx context.Context) error {
		return event.Follow(ctx, n.store, kv.Control, "ways", n.endWays)
	})
	return nil
}

// endWays takes the devices of an ended login and everything of a closed account away.
func (n *node) endWays(ctx context.Context, e event.Entry) error {
	switch ev := e.Event.(type) {
	case event.LoginEnded:
		if !authz.ValidID(ev.Account) {
			return nil
		}
		_, err := n.push.Devices(ctx, ev.Account) // those of ended logins go
		return err
	case event.AccountChanged:
		if !authz.ValidID(ev.Account) {
			return nil
		}
		r, err := n.authority.Recipient(ctx, ev.Account, authz.ActSelf, "")
		if err != nil || r.Account.ID != "" {
			return err
		}
		return errors.Join(n.push.Forget(ctx, ev.Account), n.webhooks.Forget(ctx, ev.Account))
	}
	return nil
}

// loginStands says whether a login has not ended.
func (n *node) loginStands(ctx context.Context, account, login string) (bool, error) {
	d, err := n.authority.Check(ctx, authz.Subject{Kind: authz.AccountSubject, Account: account, Login: login}, authz.ActSelf, authz.Object{})
	return d.Allowed, err
}

// contact is what push services are told of this server.
func (n *node) contact() string {
	if strings.HasPrefix(n.cfg.PublicURL, "https://") {
		return n.cfg.PublicURL
	}
	if a, err := mail.ParseAddress(n.cfg.SMTP.From); err == nil {
		return a.Address
	}
	return ""
}

// channels are push and webhooks as the board wants them.
func (n *node) channels() []notice.Channel {
	return []notice.Channel{pushChannel{n.push}, webhookChannel{n.webhooks}}
}

type pushChannel struct{ *push.Push }

func (pushChannel) Name() string   { return notice.ByPush }
func (pushChannel) Prefix() string { return push.Prefix }

func (c pushChannel) Targets(ctx context.Context, account, _ string) ([]string, error) {
	return c.Push.Targets(ctx, account)
}

// pushUrgent are the kinds that wake a sleeping phone: something has stopped
// being watched, or is happening now.
var pushUrgent = map[string]bool{
	notice.CameraLost: true, notice.Storage: true, notice.Motion: true, notice.PersonSeen: true, notice.Tamper: true, notice.Input: true,
}

func (c pushChannel) Send(ctx context.Context, to authz.Account, target string, m notice.Message) error {
	body := m.Body
	if m.Text != "" {
		body += "\n" + m.Text
	}
	return final(c.Push.Send(ctx, to.ID, target, push.Message{ID: m.ID, Kind: m.Kind, At: m.At, Title: m.Title, Body: body, Page: m.Page, Tag: m.Tag,
		Language: m.Language, Right: i18n.Direction(m.Language) == "rtl", High: pushUrgent[m.Kind]}), push.ErrFinal)
}

func (pushChannel) Retry() ([]time.Duration, time.Duration) { return webhook.Waits(), push.Life }

func (pushChannel) GaveUp(context.Context, string, string, error) error { return nil }

type webhookChannel struct{ *webhook.Webhooks }

func (webhookChannel) Name() string   { return notice.ByWebhook }
func (webhookChannel) Prefix() string { return webhook.Prefix }

func (c webhookChannel) Targets(ctx context.Context, account, _ string) ([]string, error) {
	return c.Webhooks.Targets(ctx, account)
}

func (c webhookChannel) Send(ctx context.Context, to authz.Account, target string, m notice.Message) error {
	w := webhook.Message{ID: m.ID, Kind: m.Kind, At: m.At, Title: m.Title, Body: m.Body, Text: m.Text, URL: m.URL, Language: m.Language}
	if m.Camera != nil {
		w.CameraID, w.CameraName = m.Camera.ID, m.Camera.Name
	}
	return final(c.Webhooks.Send(ctx, to.ID, target, w), webhook.ErrFinal)
}

func (webhookChannel) Retry() ([]time.Duration, time.Duration) { return webhook.Waits(), webhook.Life }

func (c webhookChannel) GaveUp(ctx context.Context, account, target string, _ error) error {
	return c.Webhooks.GaveUp(ctx, account, target)
}

// final tells the board which errors no further try can help.
func final(err, mark error) error {
	if errors.Is(err, mark) {
		return notice.NeverAgain(err)
	}
	return err
}
