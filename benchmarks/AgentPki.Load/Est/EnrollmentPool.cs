using System.Security.Cryptography;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.Est;

/// <summary>A request ready to be sent, and the key (SubjectPublicKeyInfo) whose certificate must come back.</summary>
internal sealed record PreparedEnrollment(byte[] Request, byte[] PublicKey, AgentName Name);

/// <summary>
/// Requests of one connection, each for its own P-256 key, made before the clock starts. They are used in turn, and again from the
/// first when the run is longer than the pool: an agent may renew its own key, and names and keys stay paired.
/// </summary>
internal sealed class EnrollmentPool(PreparedEnrollment[] prepared)
{
    private int _next;

    internal PreparedEnrollment Next()
    {
        PreparedEnrollment next = prepared[_next];
        _next = _next + 1 == prepared.Length ? 0 : _next + 1;
        return next;
    }

    internal static EnrollmentPool Prepare(LoopbackTarget target, string? authorization, int count, Func<int, AgentName> nameOf)
    {
        var prepared = new PreparedEnrollment[count];
        Parallel.For(0, count, i =>
        {
            AgentName name = nameOf(i);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            byte[] body = Encoding.ASCII.GetBytes(Convert.ToBase64String(name.Request(key)) + "\n");
            prepared[i] = new PreparedEnrollment(RequestBytes.Post(target, "application/pkcs10", body, authorization), key.ExportSubjectPublicKeyInfo(), name);
        });
        return new EnrollmentPool(prepared);
    }
}
