package event

import "encoding/json"

// decode makes the event of a type name; nil when it is none of ours.
func decode(name string, data []byte) Event {
	switch name {
	case MailRequested{}.Type():
		return as[MailRequested](data)
	case CameraChanged{}.Type():
		return as[CameraChanged](data)
	case CameraEvent{}.Type():
		return as[CameraEvent](data)
	case LinkChanged{}.Type():
		return as[LinkChanged](data)
	case LinkRemoved{}.Type():
		return as[LinkRemoved](data)
	case AccountChanged{}.Type():
		return as[AccountChanged](data)
	case LoginEnded{}.Type():
		return as[LoginEnded](data)
	case OfferChanged{}.Type():
		return as[OfferChanged](data)
	case AccessRequested{}.Type():
		return as[AccessRequested](data)
	case GroupChanged{}.Type():
		return as[GroupChanged](data)
	case LinkUse{}.Type():
		return as[LinkUse](data)
	case GalleryFull{}.Type():
		return as[GalleryFull](data)
	case WebhookOff{}.Type():
		return as[WebhookOff](data)
	case StorageTrouble{}.Type():
		return as[StorageTrouble](data)
	case EgressUsed{}.Type():
		return as[EgressUsed](data)
	case Audit{}.Type():
		return as[Audit](data)
	}
	return nil
}

func as[E Event](data []byte) Event {
	var e E
	if json.Unmarshal(data, &e) != nil {
		return nil
	}
	return e
}
