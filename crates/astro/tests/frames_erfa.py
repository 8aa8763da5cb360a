"""Prints the values of frames_erfa.rs: pip install pyerfa==2.0.1.5, then python frames_erfa.py.

`fk5` is the chain of the crate on the library's own 1976/1980/1982/1994 routines. `gcrf` takes its ITRF state back to
GCRF by the other theory, IAU 2006/2000A with the Earth rotation angle; the pole offsets are those that make the two
theories agree on the pole, which is what the IERS publishes as dPsi and dEps.
"""
import math

import erfa
import numpy as np

ARCSEC = erfa.DAS2R
R = np.array([5094.18016210, 6127.64465950, 6380.34453270])
V = np.array([-4.746131487, 0.785818041, 5.531931288])
OMEGA = erfa.D2PI * 1.00273781191135448 / 86400.0


def rz(angle):
    return erfa.rz(angle, np.eye(3))


CASES = [  # UTC, UT1-UTC s, x", y", length of day s
    ((1995, 3, 1, 6, 0, 0.0), 0.2446236, -0.05924, 0.532513, 0.0025),
    ((2016, 12, 31, 23, 59, 30.0), -0.4087126, 0.0805493, 0.263128, 0.0012),
    ((2026, 8, 18, 12, 34, 56.789), 0.0070420, 0.2211676, 0.3507033, -0.0004),
]
for utc, dut1, xp, yp, lod in CASES:
    u = erfa.dtf2d("UTC", *utc)
    tt = erfa.taitt(*erfa.utctai(*u))
    ut1 = erfa.utcut1(*u, dut1)
    precession, obliquity = erfa.pmat76(*tt), erfa.obl80(*tt)
    nutation = np.array(erfa.nut80(*tt))

    x, y, s = erfa.xys06a(*tt)
    offsets = np.zeros(2)
    for _ in range(6):
        pole = lambda q: (erfa.numat(obliquity, *(nutation + q)) @ precession)[2, :2]
        jacobian = np.column_stack([(pole(offsets + e) - pole(offsets - e)) / 2e-6 for e in 1e-6 * np.eye(2)])
        offsets -= np.linalg.solve(jacobian, pole(offsets) - np.array([x, y]))
    offsets = np.round(offsets / ARCSEC, 7)

    pef = rz(erfa.gmst82(*ut1)) @ R
    pef_velocity = rz(erfa.gmst82(*ut1)) @ V - np.cross([0, 0, OMEGA * (1 - lod / 86400)], pef)
    polar = erfa.pom00(xp * ARCSEC, yp * ARCSEC, 0)
    equinoxes = rz(erfa.eqeq94(*tt))
    eme2000 = (equinoxes @ erfa.numat(obliquity, *nutation) @ precession).T @ R
    celestial_to_itrf = erfa.c2tcio(erfa.c2ixys(x, y, s), erfa.era00(*ut1), erfa.pom00(xp * ARCSEC, yp * ARCSEC, erfa.sp00(*tt)))
    itrf = polar @ pef

    print(utc, "offsets", offsets)
    print("  centuries", repr(((tt[0] - erfa.DJ00) + tt[1]) / erfa.DJC), "gmst", repr(float(erfa.gmst82(*ut1))))
    for name, value in [("itrf", itrf), ("itrf v", polar @ pef_velocity), ("eme2000", eme2000), ("gcrf", celestial_to_itrf.T @ itrf)]:
        print(" ", name, [round(float(component), 10) for component in value])
print("bias", [[float(v) for v in row] for row in erfa.bp00(erfa.DJ00, 0)[0]])
for latitude, longitude, height_km in [(0.5, 1.0, 0.4), (1.2, -2.5, 35786.0), (-0.7, 3.0, -6000.0), (-math.pi / 2, 0.0, 400.0)]:
    print("geodetic", latitude, longitude, height_km, [float(v) for v in erfa.gd2gc(1, longitude, latitude, height_km * 1e3) / 1e3])
