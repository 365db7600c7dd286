using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Recovery;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>A backup that was made.</summary>
/// <param name="Path">Where it lies on the appliance's machine.</param>
/// <param name="Entries">Of the ledger, in it.</param>
/// <param name="Sha256">Of the file, lower-case hexadecimal.</param>
/// <param name="Quorum">How many of the officers open it.</param>
public sealed record BackupView(string Path, string Id, long Entries, long Certificates, long Octets, string Sha256, int Quorum, IReadOnlyList<string> Officers, IReadOnlyList<BackedUpKeyView> Keys);

/// <summary>How a CA's key comes to another machine.</summary>
/// <param name="Method"><c>none</c>, <c>token-files</c>, <c>cloning-domain</c> or <c>wrapped</c>.</param>
public sealed record BackedUpKeyView(string Authority, string Provider, string Label, string Method);

/// <summary>What would be lost if the machine were gone now.</summary>
/// <param name="Newest">When the state of the newest backup was fixed; null: there is none.</param>
/// <param name="Entries">Of the ledger, now.</param>
/// <param name="AtRisk">Entries that lie nowhere else.</param>
/// <param name="ShippedTo">The folder that is shipped to; null: nothing is shipped, or not yet.</param>
/// <param name="ShippingProblem">Why shipping is interrupted; null: it is not, or there is none.</param>
public sealed record RecoveryPointView(DateTimeOffset? Newest, long Entries, long AtRisk, bool Shipping, string? ShippedTo, string? ShippingProblem);

/// <summary>What a restore has lost and somebody has kept.</summary>
/// <param name="Der">A certificate or a complete CRL, base64 of its DER.</param>
/// <param name="Owner">Whose the agent is, where it is not known.</param>
/// <param name="Profile">What the certificate was issued by; null: the default profile.</param>
public sealed record AdoptionCommand(string Der, string? Owner = null, string? Profile = null);

/// <summary>What was adopted.</summary>
/// <param name="Certificates">Known again.</param>
/// <param name="Revocations">True again.</param>
/// <param name="Known">Known already.</param>
/// <param name="Unknown">Entries of a CRL about certificates that are not known here.</param>
public sealed record AdoptionView(int Certificates, int Revocations, int Known, int Unknown);

/// <summary>Backups (docs/recovery.md).</summary>
internal static class AdminBackups
{
    /// <summary>A CRL of about 150,000 entries, in base64.</summary>
    private const int LargestAdoption = 8 << 20;

    private static readonly AdminAccess Makers = AdminAccess.Of(AdminRole.Officer, AdminRole.CaAdministrator);

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Post, "/backups", "makeBackup", Makers, "Writes a backup of the whole appliance, encrypted for its officers, into its folder of backups.", AdminJson.Default.BackupView, MakeAsync),
        AdminOperation.Of(HttpMethods.Get, "/recovery-point", "getRecoveryPoint", AdminAccess.Readers, "What would be lost if the machine were gone now.", AdminJson.Default.RecoveryPointView, PointAsync),
        AdminOperation.Of("/adoptions", "adopt", Makers.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Makes a certificate known again that a restore has lost, or true again what a CRL of before it revoked.", AdminJson.Default.AdoptionCommand, AdminJson.Default.AdoptionView, AdoptAsync)
            .Checking(WhyNotAsync, AdminJson.Default.AdoptionCommand) with { BodyLimit = LargestAdoption },
    ];

    private static async ValueTask<Outcome<AdoptionView>> AdoptAsync(AdminCall call, AdoptionCommand command, CancellationToken cancellationToken)
    {
        if (call.Services.Recovery is not { } desk)
        {
            return Nothing<AdoptionView>();
        }

        if (DerOf(command) is not { } der)
        {
            return await call.RefuseAsync<AdoptionView>(NoBase64, cancellationToken);
        }

        return await desk.Adoption.AdoptAsync(der, command.Owner, command.Profile, call.Actor, cancellationToken) switch
        {
            Outcome<Adoption>.Done(var done) => new Outcome<AdoptionView>.Done(new AdoptionView(done.Certificates, done.Revocations, done.Known, done.Unknown)),
            Outcome<Adoption>.Refused(var problem) => await call.RefuseAsync<AdoptionView>(problem, cancellationToken),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>What nobody needs to look at is refused before it waits for a second person.</summary>
    private static ValueTask<PkiProblem?> WhyNotAsync(AdminCall call, AdoptionCommand command, CancellationToken cancellationToken) => ValueTask.FromResult(
        call.Services.Recovery is not { } desk ? new PkiProblem(PkiProblemKind.NotFound, "this appliance makes no backups")
        : DerOf(command) is not { } der ? NoBase64
        : desk.Adoption.WhyNot(der));

    private static PkiProblem NoBase64 => new(PkiProblemKind.MalformedRequest, "'der' is not base64");

    private static ReadOnlyMemory<byte>? DerOf(AdoptionCommand command)
    {
        var der = new byte[command.Der.Length];
        return Convert.TryFromBase64String(command.Der, der, out var length) ? der.AsMemory(0, length) : null;
    }

    private static async ValueTask<Outcome<BackupView>> MakeAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Services.Recovery is not { } desk)
        {
            return Nothing<BackupView>();
        }

        try
        {
            // Once begun it is finished: whoever asked may be gone, and the backup is there.
            var (path, receipt) = await desk.MakeAsync(call.Actor, CancellationToken.None);
            var header = receipt.Header;
            return new Outcome<BackupView>.Done(new BackupView(
                path,
                header.Id,
                header.Head.Size,
                header.Certificates,
                receipt.Octets,
                Convert.ToHexStringLower(receipt.Sha256.Span),
                header.Officers.Quorum,
                [.. header.Officers.Officers.Select(o => o.Name)],
                [.. header.Keys.Select(k => new BackedUpKeyView(k.Name, k.Provider, k.Label, Cryptography.KeyBackupNames.ToText(k.Method)))]));
        }
        catch (BackupException failure)
        {
            return new Outcome<BackupView>.Refused(new PkiProblem(PkiProblemKind.Unavailable, failure.Message, TimeSpan.FromMinutes(1)));
        }
    }

    private static async ValueTask<Outcome<RecoveryPointView>> PointAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Services.Recovery is not { } desk)
        {
            return Nothing<RecoveryPointView>();
        }

        var point = await desk.PointAsync(cancellationToken);
        return new Outcome<RecoveryPointView>.Done(new RecoveryPointView(point.Newest?.Created, point.Entries, point.AtRisk, point.Shipping is not null, point.Shipping?.Generation, point.Shipping?.Problem));
    }

    private static Outcome<T> Nothing<T>() => AdminCall.NotFound<T>("this appliance makes no backups");
}
