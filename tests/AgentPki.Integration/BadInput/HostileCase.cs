using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Where a refusal leaves its trace.</summary>
internal enum Trace
{
    /// <summary>The requester was authenticated: an entry of its own in the ledger.</summary>
    Entry,

    /// <summary>Nobody was authenticated: counted in an aggregate.</summary>
    Aggregate,

    /// <summary>Refused before anybody asked the authority for anything (no such path, not HTTP): no trace in the ledger.</summary>
    None,
}

/// <summary>One malformed or hostile request and what has to come of it.</summary>
/// <param name="Name">Unique: what the theory shows.</param>
/// <param name="Status">The HTTP status; 0: the server closes without a word.</param>
/// <param name="Says">A part of the answer's text that lets a person mend the request; empty when the status says it all.</param>
/// <param name="Request">Builds the octets.</param>
internal sealed record HostileCase(string Name, int Status, string Says, Trace Trace, Func<HostileWorld, byte[]> Request)
{
    /// <summary>The TLS client certificate to come with; null: none.</summary>
    public Func<HostileWorld, X509Certificate2>? Identity { get; init; }

    /// <summary>Sent to the plain HTTP port.</summary>
    public bool PlainHttp { get; init; }

    public override string ToString() => Name;
}

/// <summary>What hostile requests are made from: a running appliance, a good credential, and a good certificate.</summary>
internal sealed record HostileWorld(Appliance Appliance, EnrolledAgent Agent)
{
    /// <summary>The header of the good credential.</summary>
    public string Basic => Requests.Basic(Appliance.Credential);

    /// <summary>An enrolment with the good credential.</summary>
    public byte[] Enroll(byte[] der) => Requests.Enroll("simpleenroll", der, Basic);

    public byte[] Enroll(RawCsr request) => Enroll(request.Encode());

    /// <summary>An enrolment with the good credential and a body as it is.</summary>
    public byte[] EnrollBody(byte[] body, params string[] headers) =>
        Requests.Post(Requests.EstRoot + "simpleenroll", Requests.Pkcs10, body, [Basic, .. headers]);

    public byte[] EnrollBody(string body, params string[] headers) => EnrollBody(System.Text.Encoding.Latin1.GetBytes(body), headers);
}
