"""Ed25519 signatures (RFC 8032) with the standard library alone. Slow, and not safe from who measures its time: fine for an example.
With the package `cryptography`, Ed25519PrivateKey.from_private_bytes(secret) has sign(message) and public_key().
"""
from hashlib import sha512

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    """The sum of two points of the curve -x² + y² = 1 + d x² y², each as (x, y)."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P)
    return x % P, y % P


def times(number, point):
    total = (0, 1)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def root(square):
    """The even root of a number modulo P that has one."""
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


Y = 4 * pow(5, -1, P) % P
BASE = root((Y * Y - 1) * pow(D * Y * Y + 1, -1, P)), Y


def encoded(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts):
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little") % ORDER


def expanded(secret):
    """A secret key of 32 bytes as the number that it stands for, and the prefix of what is hashed to sign."""
    digest = sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def public_key(secret):
    return encoded(times(expanded(secret)[0], BASE))


def sign(secret, message):
    """The 64 bytes that prove that the owner of the secret key has signed the message."""
    scalar, prefix = expanded(secret)
    nonce = number(prefix, message)
    commitment = encoded(times(nonce, BASE))
    challenge = number(commitment, public_key(secret), message)
    return commitment + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")
