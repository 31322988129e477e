package io.ringvault.disk;

/**
 * How far a rotation of the volume key is.
 *
 * @param keyNumber    of the present volume key
 * @param done         the key before it is forgotten: no block under it is left, neither slot holds it
 * @param segmentsLeft segments that still hold blocks under the key before
 * @param stalled      nothing is left to do that could empty them: they cannot be read, so the key before stays
 */
public record KeyRotation(int keyNumber, boolean done, int segmentsLeft, boolean stalled) {
}
