/** The PEP 517 build backend that every sample sdist contains. */

/** The Python source of a backend that needs only the standard library, so that pip can build without a network. */
export const buildBackend = `"""Turns src/ and PKG-INFO into a wheel."""
import base64
import email
import hashlib
import pathlib
import re
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    metadata = (ROOT / "PKG-INFO").read_bytes()
    fields = email.message_from_bytes(metadata)
    release = "%s-%s" % (re.sub("[-_.]+", "_", fields["Name"]).lower(), fields["Version"])
    source = ROOT / "src"
    files = {p.relative_to(source).as_posix(): p.read_bytes() for p in sorted(source.rglob("*")) if p.is_file()}
    info = release + ".dist-info/"
    files[info + "METADATA"] = metadata
    files[info + "WHEEL"] = b"Wheel-Version: 1.0\\nGenerator: sample\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    record = ["%s,sha256=%s,%d" % (path, digest(body), len(body)) for path, body in files.items()]
    files[info + "RECORD"] = "\\n".join(record + [info + "RECORD,,", ""]).encode()
    filename = release + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / filename, "w") as wheel:
        for path, body in files.items():
            wheel.writestr(path, body)
    return filename


def digest(body):
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
`;
