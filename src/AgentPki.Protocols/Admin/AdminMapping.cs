using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Admin;

/// <summary>From records to what the admin API shows of them.</summary>
internal static class AdminMapping
{
    public static AuthorityView View(Issuer issuer) => new(
        issuer.Name,
        issuer.Parent,
        issuer.Certificate.Subject.ToString(),
        issuer.Certificate.SerialHex,
        issuer.Certificate.NotBefore,
        issuer.Certificate.NotAfter,
        issuer.Certificate.PublicKey.Algorithm.Name,
        issuer.Record.Key.Provider,
        issuer.Record.Key.Label,
        issuer.Protection is { } protection ? Word(protection) : null,
        issuer.Signature.Name,
        Alternative(issuer),
        Pem("CERTIFICATE", issuer.Certificate.Der.Span));

    private static AlternativeKeyView? Alternative(Issuer issuer) => issuer is { Record.Alternative: { } second, Certificate.AlternativePublicKey: { } key }
        ? new AlternativeKeyView(key.Algorithm.Name, second.Key.Provider, second.Key.Label, issuer.AlternativeProtection is { } protection ? Word(protection) : null, second.Signature.Name)
        : null;

    public static ProfileView View(CertificateProfile profile) => new(
        profile.Name,
        profile.Description,
        Word(profile.Use),
        profile.IsDefault,
        profile.Labels,
        profile.Issuer,
        [.. profile.Keys.Select(k => k.ToString())],
        (long)profile.Validity.TotalSeconds,
        profile.Authentication.Credential,
        Word(profile.Authentication.Certificate),
        profile.Authentication.Stranger,
        Word(profile.Authentication.Approval),
        profile.ServerKeyGeneration,
        profile.RelatedCertificates);

    public static CertificateView View(StoredCertificate stored, bool withPem)
    {
        var (record, status) = stored;
        var revoked = status as CertificateStatus.Revoked;
        var parsed = Certificate.Parse(record.Der);
        return new CertificateView(
            record.Authority,
            Convert.ToHexStringLower(record.Serial),
            record.Profile,
            record.AgentId,
            parsed.Subject.ToString(),
            [.. parsed.SubjectAlternativeNames.Select(n => n.ToString())],
            Convert.ToHexStringLower(record.KeyFingerprint),
            record.NotBefore,
            record.NotAfter,
            record.Issued,
            record.Requester,
            revoked is null ? CertificateState.Good : CertificateState.Revoked,
            revoked?.Time,
            revoked?.Reason,
            withPem ? Pem("CERTIFICATE", record.Der) : null);
    }

    public static AgentView View(AgentRecord agent)
    {
        var registration = agent.Registration;
        return new AgentView(
            agent.Id,
            agent.Owner,
            agent.Profile,
            agent.State,
            agent.Registered,
            agent.Parent,
            agent.SuspendedBy,
            registration.Tier,
            registration.Purpose,
            registration.Environment,
            registration.Profiles,
            registration.Children is { } children ? new ChildRuleView(children.Paths, children.Maximum) : null,
            View(registration.Model),
            View(registration.Runtime),
            registration.ReviewBy,
            registration.Policy is { } policy ? Convert.ToHexStringLower(SHA256.HashData(policy.Span)) : null,
            registration.Revision);
    }

    private static ComponentView? View(ComponentDescriptor? component) => component is null ? null : new ComponentView(component.Name, component.Provider, component.Version, component.Digest);

    public static CredentialView View(EnrollmentCredential credential) => new(
        credential.Name, credential.Owner, credential.Profiles, credential.SubjectPattern, credential.MaxUses, credential.Uses, credential.Created, credential.NotAfter, credential.Revoked);

    public static ApprovalView View(ApprovalRecord approval, bool withRequest) => new(
        approval.Id,
        approval.Profile,
        approval.Requester,
        approval.Summary,
        approval.State,
        approval.Created,
        approval.NotAfter,
        approval.DecidedBy,
        approval.Decided,
        withRequest ? Pem("CERTIFICATE REQUEST", approval.Request) : null);

    public static CertificateListView View(CertificateListRecord list) =>
        new(list.Authority, list.Number, list.Epoch, list.ThisUpdate, list.NextUpdate, Convert.ToHexStringLower(list.Sha256));

    public static LedgerHeadView View(LedgerHead head) => new(head.LogId.ToString(), head.Epoch, head.Size, head.Root.ToBase64());

    public static CheckpointView View(SignedCheckpoint checkpoint) =>
        new(checkpoint.Checkpoint.Origin, checkpoint.Checkpoint.Size, checkpoint.Checkpoint.Root.ToBase64(), checkpoint.ToString());

    public static LedgerEntryView View(LedgerRecord entry) => new(
        entry.Leaf.Index,
        entry.Leaf.Epoch,
        DateTimeOffset.FromUnixTimeMilliseconds(entry.Leaf.TimeMilliseconds),
        entry.Leaf.Kind,
        entry.Details?.Actor,
        entry.Details?.Facts,
        entry.IsErased,
        Convert.ToBase64String(entry.Leaf.Encode()));

    /// <summary>Key protection by its three honest names.</summary>
    public static string Word(KeyProtection protection) => protection switch
    {
        KeyProtection.Token => "token",
        KeyProtection.TokenWrapped => "token-wrapped",
        KeyProtection.Software => "software",
    };

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    private static string Pem(string label, ReadOnlySpan<byte> der) => PemEncoding.WriteString(label, der) + "\n";
}
