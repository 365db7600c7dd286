using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.X509;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>At the root: revokes the certificate of a CA, or a cross-certificate.</summary>
internal sealed class RevokeAuthorityStep() : StepKind(
    "revoke-ca",
    "Revokes a certificate that a CA here made for a CA. The step root-crl then says so to everybody.",
    StepField.File("certificate", "the certificate to be revoked (DER or PEM)"),
    StepField.Word("reason", "why (RFC 5280 §5.3.1)", "ca-compromise", "ca-compromise", "superseded", "cessation-of-operation", "affiliation-changed"))
{
    public override string Describe(PlannedStep step) => $"revoke the CA certificate {step["certificate"]} (SHA-256 {step["certificate.sha256"][..16]}…): {step["reason"]}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var certificate = CertificateFiles.Parse(context.ReadFile("certificate"), "certificate");
        await using var authority = await OfflineAuthority.OpenAsync(context.Open.Environment, cancellationToken);
        var issuer = (await authority.IssuersAsync(cancellationToken)).FindIssuerOf(certificate) ?? throw new CeremonyException($"No CA here issued that certificate ({certificate.Issuer}).");
        var reason = context.Step["reason"] switch
        {
            "superseded" => RevocationReason.Superseded,
            "cessation-of-operation" => RevocationReason.CessationOfOperation,
            "affiliation-changed" => RevocationReason.AffiliationChanged,
            _ => RevocationReason.CaCompromise,
        };
        var status = await context.Open.Environment.Stores.Certificates.FindStatusAsync(issuer.Name, certificate.SerialNumber, cancellationToken)
            ?? throw new CeremonyException($"'{issuer.Name}' has no record of that certificate.");
        var now = context.Time.GetUtcNow();
        if (status is not CertificateStatus.Revoked)
        {
            var entry = new LedgerEntry(LedgerEntryKind.CertificateRevoked, now, context.Actor, LedgerFacts.OfCertificate(issuer.Name, certificate.SerialNumber.ToArray(), certificate.Der.Span).AddRange(AuditDetails.Of((AuditDetails.Reason, reason.ToString()))));
            await authority.CommitAsync(entry, new StoreChange.RevokeCertificate(issuer.Name, certificate.SerialNumber.ToArray(), now, reason));
        }

        await context.RecordAsync(
            RecordKinds.Revoked, ("issuer", issuer.Name), ("serial", Convert.ToHexStringLower(certificate.SerialNumber.Span)), ("subject", certificate.Subject.ToString()), ("reason", context.Step["reason"]));
        context.Room.Tell($"Revoked: {certificate.Subject}, serial number {Convert.ToHexStringLower(certificate.SerialNumber.Span)}. The next step should be root-crl.");
    }
}

/// <summary>At the root: signs a CRL.</summary>
internal sealed class RootListStep() : StepKind(
    "root-crl",
    "Signs a CRL of a CA here, to be carried to where it is served.",
    StepField.AuthorityName("authority", "the CA", required: false, otherwise: "root"),
    StepField.Validity("validity", "until its nextUpdate", "180d"))
{
    public override string Describe(PlannedStep step) => $"sign a CRL of '{step["authority"]}' that is good for {step["validity"]}";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var now = context.Time.GetUtcNow();
        var validity = Validities.EndOf(step["validity"], now) - now;
        var options = environment.Options with { CertificateListValidity = validity };
        await using var authority = await OfflineAuthority.OpenAsync(environment with { Options = options }, cancellationToken);
        var issuer = await authority.IssuerAsync(step["authority"], cancellationToken);
        using var folder = environment.CertificateListFolder is { } path ? CertificateListFolder.At(path) : CertificateListFolder.Temporary();
        using var maker = new CertificateListMaker(
            await authority.IssuersAsync(cancellationToken), environment.Stores.Certificates, environment.Stores.CertificateLists, folder, authority.Commits, environment.Profiles, options, environment.Time);
        var made = await maker.MakeCompleteAsync(issuer, shard: 0);
        var list = CertificateList.Parse(await made.ReadAsync(cancellationToken));
        await AuthorityMaking.RecordChainAsync(context, issuer);
        await context.RecordFileAsync(
            RecordKinds.Object, $"{issuer.Name}-{made.Record.Number.ToString(CultureInfo.InvariantCulture)}.crl", list.Der,
            ("what", "certificate revocation list"), ("issuer", issuer.Name), ("crl-number", made.Record.Number.ToString(CultureInfo.InvariantCulture)),
            ("this-update", Instants.ToText(list.ThisUpdate)), ("next-update", list.NextUpdate is { } next ? Instants.ToText(next) : null), ("entries", list.Count.ToString(CultureInfo.InvariantCulture)));
        context.Room.Tell($"CRL {made.Record.Number} of '{issuer.Name}' has {list.Count} entries and is good until {list.NextUpdate:yyyy-MM-dd}. Carry it to where it is served (step install-crl there).");
    }
}

/// <summary>At the online appliance: serves a CRL that a CA elsewhere signed, and holds what it revokes for revoked.</summary>
internal sealed class InstallListStep() : StepKind(
    "install-crl",
    "Installs a CRL of a CA elsewhere: it is served from now on, and what it revokes is revoked here.",
    StepField.AuthorityName("authority", "the CA, as install-ca calls it", required: false, otherwise: "root"),
    StepField.File("crl", "the CRL (DER or PEM)"))
{
    public override string Describe(PlannedStep step) => $"install the CRL {step["crl"]} (SHA-256 {step["crl.sha256"][..16]}…) of '{step["authority"]}'";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (step, environment) = (context.Step, context.Open.Environment);
        var list = Parse(CertificateFiles.Octets(context.ReadFile("crl"), "X509 CRL"));
        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var issuer = await authority.IssuerAsync(step["authority"], cancellationToken);
        if (!issuer.IsElsewhere)
        {
            throw new CeremonyException($"'{issuer.Name}' is in this appliance, which signs its CRLs itself.");
        }

        var now = context.Time.GetUtcNow();
        var latest = await environment.Stores.CertificateLists.LatestAsync(issuer.Name, 0, isDelta: false, cancellationToken);
        var wrong = !list.Issuer.Equals(issuer.Certificate.Subject) || !list.VerifySignature(issuer.Certificate.PublicKey, context.Software) ? $"it is not signed by '{issuer.Name}'"
            : list.NextUpdate is not { } end || end <= now ? "it has ended"
            : list.ThisUpdate > now ? "it begins in the future: look at the clock"
            : list.Number is not { } number ? "it has no CRL number"
            : latest is not null && number < latest.Number ? $"it is older (number {number}) than the one that is installed ({latest.Number})"
            : !list.Fields.BaseNumber.IsEmpty ? "it is a delta CRL"
            : null;
        if (wrong is not null)
        {
            throw new CeremonyException($"The CRL cannot be installed: {wrong}.");
        }

        if (latest?.Number != list.Number)
        {
            await InstallAsync(context, authority, issuer.Name, list, now, cancellationToken);
        }

        await AuthorityMaking.RecordChainAsync(context, issuer);
        await context.RecordFileAsync(
            RecordKinds.Object, $"{issuer.Name}-{list.Number.GetValueOrDefault().ToString(CultureInfo.InvariantCulture)}.crl", list.Der,
            ("what", "certificate revocation list"), ("issuer", issuer.Name), ("crl-number", list.Number.GetValueOrDefault().ToString(CultureInfo.InvariantCulture)), ("entries", list.Count.ToString(CultureInfo.InvariantCulture)));
        context.Room.Tell($"CRL {list.Number} of '{issuer.Name}' is installed, with {list.Count} entries, good until {list.NextUpdate:yyyy-MM-dd}.");
    }

    private static async Task InstallAsync(StepContext context, OfflineAuthority authority, string name, CertificateList list, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var environment = context.Open.Environment;
        var record = new CertificateListRecord(name, 0, list.Number.GetValueOrDefault(), null, await environment.Stores.Certificates.RevocationEpochAsync(cancellationToken), list.ThisUpdate, list.NextUpdate.GetValueOrDefault(), [], 0);
        using var folder = environment.CertificateListFolder is { } path ? CertificateListFolder.At(path) : CertificateListFolder.Temporary();
        record = folder.Add(record, list.Tbs, list.SignatureAlgorithm, list.Signature.Span, static _ => { });
        if (!record.Sha256.AsSpan().SequenceEqual(SHA256.HashData(list.Der.Span)))
        {
            folder.Remove(record);
            throw new CeremonyException("The CRL is not DER: it would not be served as it was signed.");
        }

        var entry = new LedgerEntry(LedgerEntryKind.CertificateListInstalled, now, context.Actor, AuditDetails.Of(
            (AuditDetails.Authority, name),
            (AuditDetails.CertificateListNumber, record.Number.ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.CertificateListSha256, AuditDetails.Hex(record.Sha256))));
        await authority.CommitAsync(entry, new StoreChange.AddCertificateList(record));

        // What it revokes of this appliance's own CAs issues nothing any more.
        foreach (var ca in (await authority.IssuersAsync(cancellationToken)).All.Where(i => i.Parent == name && i.Name != name && list.Find(i.Certificate.SerialNumber.Span) is not null))
        {
            context.Room.Warn($"The CRL revokes '{ca.Name}', a CA of this appliance: nothing that it issued is good any more, and it issues nothing.");
            await RevokeAsync(context, authority, name, ca.Certificate, list, now, cancellationToken);
        }
    }

    private static async Task RevokeAsync(StepContext context, OfflineAuthority authority, string name, X509.Certificates.Certificate certificate, CertificateList list, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var serial = certificate.SerialNumber.ToArray();
        if (await context.Open.Environment.Stores.Certificates.FindStatusAsync(name, serial, cancellationToken) is CertificateStatus.Revoked)
        {
            return;
        }

        var entry = new LedgerEntry(LedgerEntryKind.CertificateRevoked, now, context.Actor, LedgerFacts.OfCertificate(name, serial, certificate.Der.Span).AddRange(AuditDetails.Of((AuditDetails.Reason, RevocationReason.CaCompromise.ToString()))));
        await authority.CommitAsync(entry, new StoreChange.RevokeCertificate(name, serial, now, list.Find(serial) is { } found ? (RevocationReason)found.Reason.GetValueOrDefault() : RevocationReason.CaCompromise));
    }

    private static CertificateList Parse(byte[] der)
    {
        try
        {
            return CertificateList.Parse(der);
        }
        catch (MalformedDataException e)
        {
            throw new CeremonyException($"The file is no CRL: {e.Message}", e);
        }
    }
}
