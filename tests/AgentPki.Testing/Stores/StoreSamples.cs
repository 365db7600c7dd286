using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Testing.Stores;

/// <summary>Records that look like real ones, made from a number: the same number gives the same record.</summary>
public static class StoreSamples
{
    public static readonly DateTimeOffset Now = new(2026, 11, 1, 12, 0, 0, 250, TimeSpan.Zero);

    public const string Authority = "issuing";

    public static string AgentId(int n) => $"spiffe://example.test/team-{n % 7}/agent-{n}";

    public static byte[] Serial(int n)
    {
        var serial = Digest("serial", n)[..16];
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    public static byte[] KeyFingerprint(int n) => Digest("key", n);

    public static CertificateRecord Certificate(int n, int? agent = null, int? key = null, string authority = Authority) => new(
        authority,
        Serial(n),
        Der(n),
        "agent",
        AgentId(agent ?? n),
        KeyFingerprint(key ?? n),
        Now.AddMinutes(-5),
        Now.AddDays(1 + (n % 3)),
        Now,
        "credential:dev");

    public static AgentRecord Agent(int n) => new(AgentId(n), "team-a", "agent", AgentState.Active, Now);

    public static AuthorityRecord AuthorityRecord(string name, string issuer = "root") =>
        new(name, issuer, new KeyReference("pkcs11:softhsm", $"{name}-key"), SignatureAlgorithm.EcdsaSha384, Digest(name, 0), Now);

    public static EnrollmentCredential Credential(string name, int? maxUses = 1) =>
        new(name, Digest(name, 1), "team-a", ["agent", "service"], "/team-a/*", maxUses, 0, Now, Now.AddDays(1), null);

    public static ApprovalRecord Approval(int n) =>
        new(Convert.ToHexStringLower(Digest("approval", n)[..16]), Digest("request", n), Der(n), "agent", "stranger", $"request {n}", ApprovalState.Pending, Now, Now.AddDays(7), null, null);

    public static AcmeExternalKey AcmeExternalKey(string id, int? maxAccounts) =>
        new(id, Digest(id, 2), "team-a", ["*.agents.example", "/agent/**"], ["agent"], maxAccounts, 0, Now, Now.AddDays(1), null);

    public static AcmeAccount AcmeAccount(int n) => new($"account-{n}", Digest("account", n), Digest("jwk", n), [], AcmeAccountState.Valid, null, "team-a", true, Now);

    public static AcmeOrder AcmeOrder(int n, string account, params string[] names) => new(
        $"order-{n:d4}",
        account,
        AcmeOrderState.Pending,
        [.. names.Select(name => AcmeIdentifier.Parse("dns", name))],
        [.. names.Select((_, i) => $"authorization-{n:d4}-{i}")],
        "agent",
        Now,
        Now.AddDays(7),
        null,
        null,
        null,
        null);

    /// <summary>The pending authorization that an order of <see cref="AcmeOrder"/> names at that place.</summary>
    public static AcmeAuthorization AcmeAuthorization(AcmeOrder order, int i) => new(
        order.Authorizations[i], order.AccountId, order.Identifiers[i], false, AcmeAuthorizationState.Pending, order.Expires, Digest(order.Id, i), null, null, null, null, null, null);

    /// <summary>What a first enrolment commits: agent, key, certificate, and the entry that names it.</summary>
    public static CommitRequest Issuance(int n)
    {
        var certificate = Certificate(n);
        var facts = LedgerFacts.OfCertificate(certificate.Authority, certificate.Serial, certificate.Der).Add("agent", AgentId(n)).Add("profile", "agent").Add("protocol", "est").Add("correlation", $"c-{n:x8}");
        return new CommitRequest(
            new LedgerEntry(LedgerEntryKind.CertificateIssued, Now, "credential:dev", facts),
            [new StoreChange.AddCertificate(certificate), new StoreChange.RegisterAgent(Agent(n)), new StoreChange.BindKey(certificate.KeyFingerprint, AgentId(n))]);
    }

    public static CommitRequest Revocation(int n, RevocationReason reason = RevocationReason.KeyCompromise) =>
        Request(LedgerEntryKind.CertificateRevoked, LedgerFacts.OfSerial(Authority, Serial(n)), new StoreChange.RevokeCertificate(Authority, Serial(n), Now, reason));

    public static CommitRequest Request(params ImmutableArray<StoreChange> changes) => new(Entry(LedgerEntryKind.ConfigurationChanged), changes);

    public static CommitRequest Request(LedgerEntryKind kind, ImmutableSortedDictionary<string, string> facts, params ImmutableArray<StoreChange> changes) =>
        new(new LedgerEntry(kind, Now, "admin:uid=0", facts), changes);

    public static LedgerEntry Entry(LedgerEntryKind kind, params ReadOnlySpan<(string Name, string Value)> facts)
    {
        var details = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in facts)
        {
            details.Add(name, value);
        }

        return new LedgerEntry(kind, Now, "appliance", details.ToImmutable());
    }

    /// <summary>700 octets: about a P-256 agent certificate.</summary>
    private static byte[] Der(int n)
    {
        var der = new byte[700];
        Digest("der", n).CopyTo(der, 0);
        BinaryPrimitives.WriteInt32BigEndian(der.AsSpan(600), n);
        return der;
    }

    private static byte[] Digest(string label, int n) => SHA256.HashData(Encoding.UTF8.GetBytes($"{label} {n}"));
}
