package authz

import (
	"context"
	"net/netip"

	"sightline/internal/event"
	"sightline/internal/fault"
)

// Instance returns the installation's settings; before set-up the defaults
// (registration closed, no network).
func (a *Authority) Instance(ctx context.Context) (Instance, error) {
	v, err := a.read(ctx, []string{kInstance})
	if err != nil {
		return Instance{}, err
	}
	return instanceOf(v)
}

func instanceOf(v *view) (Instance, error) {
	raw := v.raw[v.index(kInstance)]
	if !raw.Exists() {
		return Instance{head: v1, Registration: RegistrationClosed}, nil
	}
	i, err := decode[Instance](raw.Data)
	if err != nil {
		return Instance{}, unavailable(err)
	}
	return *i, nil
}

// InstancePatch changes settings; nil leaves one as it is.
type InstancePatch struct {
	Registration    *Registration
	Networks        *[]netip.Prefix
	LoopbackCameras *bool
}

// UpdateInstance is for the instance administrator and the operator. Open
// registration needs mail: fault.Conflict mail_off.
func (a *Authority) UpdateInstance(ctx context.Context, s Subject, p InstancePatch) (Instance, error) {
	var out Instance
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, _, err := a.require(ctx, s, ActInstance, Object{}, kInstance)
		if err != nil {
			return err
		}
		if v.condition(kInstance).Version == 0 {
			return fault.New(fault.Conflict, fault.CodeConflict, "This server has not been set up yet.")
		}
		if out, err = instanceOf(v); err != nil {
			return err
		}
		if p.Registration != nil {
			switch *p.Registration {
			case RegistrationClosed, RegistrationInvite:
			case RegistrationOpen:
				if !a.cfg.Mail {
					return fault.New(fault.Conflict, fault.CodeMailOff, "Open registration needs a mail server: addresses are verified by mail.")
				}
			default:
				return fault.Field("registration", fault.CodeBadValue, "Registration is closed, invite or open.")
			}
			out.Registration = *p.Registration
		}
		if p.Networks != nil {
			out.Networks = prefixes(*p.Networks)
		}
		if p.LoopbackCameras != nil {
			out.LoopbackCameras = *p.LoopbackCameras
		}
		d.bind(v, s, Object{})
		d.on(v, kInstance)
		d.put(kInstance, out)
		d.event(event.AccountChanged{})
		d.audit(s, "instance.change", s.Account, "")
		return nil
	})
	return out, err
}
