"""Devices with certificates that end on given days."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tasks.process import process
from tests.deliveries import answer, check_in, envelope

_KEY = ec.derive_private_key(7, ec.SECP256R1())


def has_certificates(services, udid, *days, now, is_identity=True, serial_number=None):
    """Enrol a device, and let it answer with a certificate for each of ``days``, so many from ``now`` on."""
    named = {"SerialNumber": serial_number} if serial_number else {}
    told = [
        {"CommonName": f"{udid} in {number}", "IsIdentity": is_identity, "Data": _ending(now + timedelta(days=number))}
        for number in days
    ]
    process(
        [envelope(check_in("Authenticate", udid=udid, **named)), envelope(check_in("TokenUpdate", udid=udid))], services
    )
    listed = answer("Acknowledged", udid=udid, at=now, command_uuid="theirs", CertificateList=told)
    process([envelope(listed, received_at=now)], services)


def _ending(at):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=400))
        .not_valid_after(at)
    )
    return made.sign(_KEY, SHA256()).public_bytes(Encoding.DER)
