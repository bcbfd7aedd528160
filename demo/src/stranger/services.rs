//! Greetings of services that are usual on UDP, laid out as their specifications say. A scanner sends
//! them to a port to learn what is there.

/// What a scanner would say, with the name of the protocol.
#[must_use]
pub fn greetings() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("DNS", dns_version()),
        ("DNS of all local services", dns_services()),
        ("NTP", ntp()),
        ("SNMP", snmp()),
        ("SIP", sip()),
        ("TFTP", b"\x00\x01kessai\0octet\0".to_vec()),
        ("SSDP", ssdp()),
        ("portmapper", rpc()),
        ("NetBIOS", netbios()),
        ("RADIUS", radius()),
        ("CoAP", b"\x40\x01\x70\x70\xbb.well-known\x04core".to_vec()),
        ("DTLS", dtls()),
        ("STUN", stun()),
        ("memcached", b"\x00\x01\x00\x00\x00\x01\x00\x00version\r\n".to_vec()),
        ("IKE", ike()),
        ("a line", b"help\r\n\r\n".to_vec()),
    ]
}

/// RFC 1035: a query for `version.bind`, TXT, CHAOS.
fn dns_version() -> Vec<u8> {
    let header = [0x70, 0x70, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], b"\x07version\x04bind\x00", &[0, 16, 0, 3]].concat()
}

/// RFC 6763: which kinds of service are there, PTR, IN.
fn dns_services() -> Vec<u8> {
    let header = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], b"\x09_services\x07_dns-sd\x04_udp\x05local\x00", &[0, 12, 0, 1]].concat()
}

/// RFC 5905: version 4, a client's request.
fn ntp() -> Vec<u8> {
    let mut packet = vec![0; 48];
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&[0xe7, 0x1f, 0x2a, 0x00, 0, 0, 0, 1]);
    packet
}

/// RFC 1157: get `sysDescr.0` of the community `public`.
fn snmp() -> Vec<u8> {
    let name = [0x06, 0x08, 0x2b, 6, 1, 2, 1, 1, 1, 0, 0x05, 0x00];
    let bindings = [&[0x30, 0x0e, 0x30, 0x0c][..], &name].concat();
    let request = [&[0x02, 1, 0x70, 0x02, 1, 0, 0x02, 1, 0][..], &bindings].concat();
    let message = [&[0x02, 1, 0, 0x04, 6][..], b"public", &[0xa0, request.len() as u8], &request].concat();
    [&[0x30, message.len() as u8][..], &message].concat()
}

/// RFC 3261, section 11: what can you do?
fn sip() -> Vec<u8> {
    b"OPTIONS sip:nobody@kessai SIP/2.0\r\nVia: SIP/2.0/UDP stranger;branch=z9hG4bK70\r\n\
      Max-Forwards: 70\r\nFrom: <sip:nobody@stranger>;tag=7\r\nTo: <sip:nobody@kessai>\r\n\
      Call-ID: 70@stranger\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        .to_vec()
}

/// UPnP Device Architecture 2.0, section 1.3.2.
fn ssdp() -> Vec<u8> {
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\
      ST: ssdp:all\r\n\r\n"
        .to_vec()
}

/// RFC 5531: program 100000, version 4, the procedure that does nothing.
fn rpc() -> Vec<u8> {
    [0x7070_7070_u32, 0, 2, 100_000, 4, 0, 0, 0, 0, 0].into_iter().flat_map(u32::to_be_bytes).collect()
}

/// RFC 1002, section 4.2.18: the status of every name.
fn netbios() -> Vec<u8> {
    let header = [0x70, 0x70, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00", &[0, 0x21, 0, 1]].concat()
}

/// RFC 2865: an access request of a user named `nobody`.
fn radius() -> Vec<u8> {
    let mut packet = vec![1, 0x70, 0, 28];
    packet.extend([0x5a; 16]);
    packet.extend([1, 8]);
    packet.extend(b"nobody");
    packet
}

/// RFC 6347: a handshake record of DTLS 1.2 with a hello of one cipher suite.
fn dtls() -> Vec<u8> {
    let mut hello = vec![0xfe, 0xfd];
    hello.extend([0x5a; 32]);
    // No session, no cookie, one suite, no compression.
    hello.extend([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let length = [0, 0, hello.len() as u8];
    let handshake = [&[1][..], &length, &[0, 0], &[0, 0, 0], &length, &hello].concat();
    let record = [22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, handshake.len() as u8];
    [&record[..], &handshake].concat()
}

/// RFC 8489: a binding request.
fn stun() -> Vec<u8> {
    [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[0x70; 12]].concat()
}

/// RFC 7296: the header of the first message of an initiator, and a payload of nothing.
fn ike() -> Vec<u8> {
    let mut packet = vec![0x70; 8];
    packet.extend([0; 8]);
    packet.extend([33, 0x20, 34, 0x08, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 4]);
    packet
}
