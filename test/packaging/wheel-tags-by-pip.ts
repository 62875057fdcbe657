/** What pip installs where, by the library that pip asks: `packaging.tags`. */
import { runPython } from '../sample/run-python.ts';

/** One interpreter: the Python and ABI tags of the wheels it takes, for its own platform and for `any`. */
export interface PipPython {
  readonly native: readonly (readonly [python: string, abi: string])[];
  readonly pure: readonly (readonly [python: string, abi: string])[];
}

/** By names that configurations may use: `3.12`, `3.13t`, `pp3.10`; and `manylinux x86_64` with its platform tags. */
export interface PipTags {
  readonly pythons: Readonly<Record<string, PipPython>>;
  readonly platforms: Readonly<Record<string, readonly string[]>>;
}

// The C library is that of the machine that runs this, so it has to be told another one.
const program = `
import json
from packaging import _manylinux, _musllinux, tags

def pairs(found):
    found = list(found)
    told = lambda platform: [(t.interpreter, t.abi) for t in found if t.platform == platform]
    return {"native": told("here"), "pure": told("any")}

def cpython(version, *abis):
    yield from tags.cpython_tags(version, abis, ["here"])
    yield from tags.compatible_tags(version, "cp%d%d" % version, ["here"])

def other(interpreter, version, abi, compatible=None):
    yield from tags.generic_tags(interpreter, [abi], ["here"])
    yield from tags.compatible_tags(version, compatible, ["here"])

def linux(*archs):
    return [*_manylinux.platform_tags(archs), *("linux_" + arch for arch in archs)]

def musl(arch):
    return [*_musllinux.platform_tags([arch]), "linux_" + arch]

_manylinux._get_glibc_version = lambda: (2, 39)
_manylinux._have_compatible_abi = lambda *_: True
_musllinux._get_musl_version = lambda _: _musllinux._MuslVersion(1, 2)

pythons = {"3.%d" % minor: cpython((3, minor), "cp3%d" % minor) for minor in range(8, 15)}
pythons["2.7"] = cpython((2, 7), "cp27mu", "cp27m")
pythons["3.7"] = cpython((3, 7), "cp37m")
pythons["3.13t"] = cpython((3, 13), "cp313t")
pythons["3.14t"] = cpython((3, 14), "cp314t")
for minor in (9, 10, 11):
    pythons["pp3.%d" % minor] = other("pp3%d" % minor, (3, minor), "pypy3%d_pp73" % minor, "pp3")
pythons["graalpy3.11"] = other("graalpy311", (3, 11), "graalpy242_311_native")

platforms = {
    "manylinux x86_64": linux("x86_64"),
    "manylinux i686": linux("i686"),
    "manylinux aarch64": linux("aarch64"),
    "manylinux armv8l": linux("armv8l", "armv7l"),
    "manylinux armv7l": linux("armv7l"),
    "manylinux ppc64le": linux("ppc64le"),
    "manylinux s390x": linux("s390x"),
    "manylinux riscv64": linux("riscv64"),
    "manylinux loongarch64": linux("loongarch64"),
    "musllinux x86_64": musl("x86_64"),
    "musllinux aarch64": musl("aarch64"),
    "macos arm64": list(tags.mac_platforms((26, 0), "arm64")),
    "macos x86_64": list(tags.mac_platforms((26, 0), "x86_64")),
    "windows amd64": ["win_amd64"],
    "windows x86": ["win32"],
    "windows arm64": ["win_arm64"],
    "ios arm64": list(tags.ios_platforms((18, 0), "arm64-iphoneos")),
    "ios x86_64": list(tags.ios_platforms((18, 0), "x86_64-iphonesimulator")),
    "android arm64": list(tags.android_platforms(35, "arm64_v8a")),
    "android x86_64": list(tags.android_platforms(35, "x86_64")),
    "android armv7": list(tags.android_platforms(35, "armeabi_v7a")),
    "emscripten wasm32": ["pyemscripten_2026_0_wasm32", "pyodide_2025_0_wasm32", "emscripten_4_0_9_wasm32"],
}
print(json.dumps({"pythons": {name: pairs(found) for name, found in pythons.items()}, "platforms": platforms}))
`;

/** The reason to skip a test that needs {@link pipTags}, or `false`. */
export async function pipTagsMissing(): Promise<string | false> {
  const needed = 'from packaging import _manylinux, _musllinux; from packaging.tags import android_platforms';
  return runPython('-c', needed).then(
    () => false,
    () =>
      'python3 has no packaging 25.0 or later, which knows Android: pip install packaging, in a virtual environment',
  );
}

/** Asks Python. */
export async function pipTags(): Promise<PipTags> {
  return JSON.parse(await runPython('-c', program));
}
