package rediskv

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"sightline/internal/fault"
)

// parse reads the URL by hand: net/url takes only one address. No error of it
// repeats the URL, which may hold a password.
func parse(raw string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || scheme != "redis" && scheme != "rediss" {
		return nil, badURL("it must begin with redis:// or rediss://")
	}
	authority, query, _ := strings.Cut(rest, "?")
	authority, db, _ := strings.Cut(authority, "/")
	opts := &redis.UniversalOptions{}
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		user, password, has := strings.Cut(authority[:i], ":")
		authority = authority[i+1:]
		var err1, err2 error
		opts.Username, err1 = url.PathUnescape(user)
		opts.Password, err2 = url.PathUnescape(password)
		if err1 != nil || err2 != nil || !has {
			return nil, badURL("user and password are written user:password@, with % before the hexadecimal of special characters")
		}
	}
	if scheme == "rediss" {
		opts.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return nil, badURL("what follows the address must be the number of a database")
		}
		opts.DB = n
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, badURL("its options cannot be read")
	}
	port := "6379"
	for name, v := range values {
		switch {
		case name == "sentinel" && v[0] != "":
			opts.MasterName, port = v[0], "26379"
		case name == "cluster" && (v[0] == "true" || v[0] == "false"):
			opts.IsClusterMode = v[0] == "true"
		case name == "sentinel_password":
			opts.SentinelPassword = v[0]
		default:
			return nil, badURL("its options are sentinel=<master name>, sentinel_password=<password> and cluster=true")
		}
	}
	if opts.Addrs, err = addresses(authority, port); err != nil {
		return nil, err
	}
	if (opts.IsClusterMode || len(opts.Addrs) > 1 && opts.MasterName == "") && opts.DB != 0 {
		return nil, badURL("a cluster has only database 0")
	}
	return opts, nil
}

func addresses(list, port string) ([]string, error) {
	var addrs []string
	for _, a := range strings.Split(list, ",") {
		a = strings.TrimSpace(a)
		host, p, err := net.SplitHostPort(a)
		if err != nil {
			var missing *net.AddrError
			if !errors.As(err, &missing) || missing.Err != "missing port in address" {
				return nil, badURL("an address is written host:port")
			}
			host, p = strings.Trim(a, "[]"), port
		}
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 || host == "" {
			return nil, badURL("an address is written host:port")
		}
		addrs = append(addrs, net.JoinHostPort(host, p))
	}
	return addrs, nil
}

func badURL(why string) error {
	return fault.Field("store", fault.CodeBadURL, "The address of the Redis store is not right: "+why+".")
}
