using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Ledger;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>At the receiving token: makes the key to which others wrap theirs.</summary>
internal sealed class TransportKeyStep() : StepKind(
    "transport-key",
    "Makes the key to which another token wraps a key that is to come here.",
    StepField.Text("token", "the token's name in agentpki.yaml", required: true))
{
    public override string Describe(PlannedStep step) => $"make the transport key of token '{step["token"]}', to which another token wraps a key";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var key = await context.Home.OpenTransportKeyAsync(context.Open, context.Step["token"], cancellationToken);
        var pem = System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", key.SubjectPublicKeyInfo.Span) + "\n");
        await context.RecordFileAsync(RecordKinds.Object, $"transport-{context.Step["token"]}.pem", pem, ("what", "transport key"), ("token", context.Step["token"]), ("public-key-sha256", Convert.ToHexStringLower(key.Fingerprint())));
        context.Room.Tell($"Carry artifacts/transport-{context.Step["token"]}.pem to the other token. Compare its fingerprint there: whoever exchanges it, has the key.");
        context.Room.Tell($"  {Convert.ToHexStringLower(key.Fingerprint())}");
    }
}

/// <summary>At the giving token: wraps a key whose ceremony chose <c>backup: wrapped</c> for another token.</summary>
internal sealed class KeyBackupStep() : StepKind(
    "key-backup",
    "Wraps a key for another token; only keys that were made with 'backup: wrapped' can be.",
    StepField.Text("label", "the key's label", required: true),
    StepField.File("transport-key", "the other token's transport key (PEM)"))
{
    public override string Describe(PlannedStep step) => $"wrap the key '{step["label"]}' for the token whose transport key is {step["transport-key"]} (SHA-256 of the file {step["transport-key.sha256"][..16]}…)";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var label = context.Step["label"];
        if (PemBlocks.Read(System.Text.Encoding.UTF8.GetString(context.ReadFile("transport-key")), "PUBLIC KEY").ToList() is not [var der] || !PublicKey.TryParse(der, out var transport, out _))
        {
            throw new CeremonyException("The transport key's file is not one PEM public key.");
        }

        await using var key = await KeySearch.FindAsync(context.Open.Environment.Providers, label, null, cancellationToken) ?? throw new CeremonyException($"No token here has a key '{label}'.");
        await context.RecordKeyAsync(label, key, isNew: false, cancellationToken);
        var wrapped = await context.Home.ExportKeyAsync(context.Open, key.Reference, transport, cancellationToken);
        // Not with the evidence, which is public: encrypted or not, a key is carried by somebody who knows what he carries.
        var path = context.Home.KeepWrappedKey(label, wrapped);
        await context.RecordAsync(
            RecordKinds.KeyWrapped, ("label", label), ("public-key-sha256", Convert.ToHexStringLower(key.PublicKey.Fingerprint())),
            ("transport-key-sha256", Convert.ToHexStringLower(transport.Fingerprint())), ("wrapped-sha256", Convert.ToHexStringLower(SHA256.HashData(wrapped))));
        context.Room.Tell($"The wrapped key is {path}: only the token of that transport key opens it. Its SHA-256 is {Convert.ToHexStringLower(SHA256.HashData(wrapped))}.");
    }
}

/// <summary>At the receiving token: unwraps a key, which proves itself by a signature.</summary>
internal sealed class KeyRestoreStep() : StepKind(
    "key-restore",
    "Unwraps a key that another token wrapped for one here.",
    StepField.Text("token", "the token's name in agentpki.yaml", required: true),
    StepField.File("wrapped-key", "the wrapped key (LABEL.wrapped.json)"),
    new StepField("public-key-sha256", "the SHA-256 of the key's public key, from its certificate", true, text => text.Length == 64 && text.All(char.IsAsciiHexDigitLower) ? null : "64 lower-case hexadecimal digits are wanted"))
{
    public override string Describe(PlannedStep step) => $"unwrap the key of {step["wrapped-key"]} (public key SHA-256 {step["public-key-sha256"][..16]}…) into token '{step["token"]}'";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (token, digest) = (context.Step["token"], context.Step["public-key-sha256"]);
        await using var key = await context.Home.ImportKeyAsync(context.Open, token, context.ReadFile("wrapped-key"), digest, cancellationToken);
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        await authority.CommitAsync(new LedgerEntry(LedgerEntryKind.KeyGenerated, context.Time.GetUtcNow(), context.Actor, AuditDetails.Of(
            (AuditDetails.KeyLabel, $"{key.Reference.Provider}/{key.Reference.Label}"),
            (AuditDetails.KeyAlgorithm, key.Algorithm.Name),
            (AuditDetails.State, "restored"),
            (AuditDetails.KeyPurpose, key.Purpose.ToString()),
            (AuditDetails.KeyProtection, key.Protection.ToString()),
            (AuditDetails.KeySha256, digest))));
        await context.RecordKeyAsync(key.Reference.Label, key, isNew: false, cancellationToken);
        context.Room.Tell($"Token '{token}' has the key '{key.Reference.Label}', and has proven it by a signature.");
    }
}
