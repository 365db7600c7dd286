using System.Security.Cryptography;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Revocation, its rehearsal, release, and what was revoked so far.</summary>
internal static class AdminRevocations
{
    private const int MostEvents = 1000;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of("/revocations", "revoke", AdminAccess.Revokers.AndOwners().ApprovedAboveLimit(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator), "Revokes (or, with the reason CertificateHold, holds) whatever is selected: one commit, one ledger entry, one event.", AdminJson.Default.RevokeCommand, AdminJson.Default.RevocationView, RevokeAsync, (call, command, token) => IsAboveLimitAsync(call, command, command.Reason, token)),
        AdminOperation.Of("/revocations/preview", "previewRevocation", AdminAccess.Auditors.AndOwners(), "What a revocation would take now, and whom it would leave without a certificate; with the reason RemoveFromCrl, what a release would; nothing is changed.", AdminJson.Default.RevokeCommand, AdminJson.Default.SelectionView, PreviewAsync),
        AdminOperation.Of("/revocations/release", "releaseRevocation", AdminAccess.Revokers.AndOwners().ApprovedAboveLimit(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator), "Ends the hold of whatever is selected and held; agents that the hold alone suspended are active again.", AdminJson.Default.RevokeCommand, AdminJson.Default.RevocationView, ReleaseAsync, (call, command, token) => IsAboveLimitAsync(call, command, RevocationReason.RemoveFromCrl, token)),
        AdminOperation.Of(HttpMethods.Get, "/revocations", "listRevocations", AdminAccess.Readers, "Revocations as events, oldest first, at most 1000.", AdminJson.Default.RevocationEventsView, ListAsync, new AdminParameter("after", "integer", "Only those with a greater epoch.")),
    ];

    private static async ValueTask<Outcome<RevocationView>> RevokeAsync(AdminCall call, RevokeCommand command, CancellationToken cancellationToken)
    {
        switch (await TargetAsync(call, command, cancellationToken))
        {
            case Outcome<RevocationTarget>.Done(var target):
                var request = new RevocationRequest(target, command.Reason, call.Actor, "admin", call.CorrelationId, command.IncludeAppliance) { InvalidSince = command.InvalidSince, Confirmed = Confirmed(call, command) };
                return View(await call.Services.Authority.Revocations.RevokeAsync(request, cancellationToken));
            case Outcome<RevocationTarget>.Refused(var problem):
                return await call.RefuseAsync<RevocationView>(problem, cancellationToken);
            default:
                throw new InvalidOperationException();
        }
    }

    private static async ValueTask<Outcome<RevocationView>> ReleaseAsync(AdminCall call, RevokeCommand command, CancellationToken cancellationToken) =>
        await TargetAsync(call, command, cancellationToken) switch
        {
            Outcome<RevocationTarget>.Done(var target) => View(await call.Services.Authority.Revocations.ReleaseAsync(new ReleaseRequest(target, call.Actor, "admin", call.CorrelationId) { Confirmed = Confirmed(call, command) }, cancellationToken)),
            Outcome<RevocationTarget>.Refused(var problem) => await call.RefuseAsync<RevocationView>(problem, cancellationToken),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<SelectionView>> PreviewAsync(AdminCall call, RevokeCommand command, CancellationToken cancellationToken) =>
        await TargetAsync(call, command, cancellationToken) switch
        {
            Outcome<RevocationTarget>.Done(var target) => await call.Services.Authority.Revocations.PreviewAsync(target, command.Reason, command.IncludeAppliance, cancellationToken) switch
            {
                Outcome<SelectionPreview>.Done(var preview) => new Outcome<SelectionView>.Done(View(preview, call.Services.Authority.Options.UnconfirmedRevocations)),
                Outcome<SelectionPreview>.Refused(var problem) => new Outcome<SelectionView>.Refused(problem),
                _ => throw new InvalidOperationException(),
            },
            Outcome<RevocationTarget>.Refused(var problem) => new Outcome<SelectionView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<RevocationEventsView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var after = 0L;
        if (call.Query("after") is { } text && !(long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out after)))
        {
            return new Outcome<RevocationEventsView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'after' is an epoch: a number from 0 on"));
        }

        var events = await call.Services.Authority.Stores.Revocations.ListEventsAsync(after, MostEvents, cancellationToken);
        return new Outcome<RevocationEventsView>.Done(new RevocationEventsView([.. events.Select(e => new RevocationEventView(e.Epoch, e.Kind, e.Reason, e.Time, e.Count, e.Selector, e.LeafIndex))]));
    }

    private static Outcome<RevocationView> View(Outcome<RevocationResult> outcome) => outcome switch
    {
        Outcome<RevocationResult>.Done(var result) => new Outcome<RevocationView>.Done(new RevocationView(result.Revoked, result.AlreadyRevoked, result.Epoch, result.Agents, result.BlockedKeys)),
        Outcome<RevocationResult>.Refused(var problem) => new Outcome<RevocationView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static SelectionView View(SelectionPreview preview, int limit) => new(
        preview.Certificates,
        preview.Agents,
        preview.AgentsLeftWithout,
        preview.Certificates > limit,
        View(preview.ByAuthority),
        View(preview.ByProfile),
        View(preview.ByOwner),
        [.. preview.Sample.Select(c => AdminMapping.View(c, withPem: false))],
        [.. preview.Spared.Select(c => AdminMapping.View(c, withPem: false))]);

    private static IReadOnlyList<SelectionCountView> View(IReadOnlyList<SelectionCount> counts) => [.. counts.Select(c => new SelectionCountView(c.Name, c.Certificates))];

    /// <summary>The target, if it is the caller's to revoke.</summary>
    private static async ValueTask<Outcome<RevocationTarget>> TargetAsync(AdminCall call, RevokeCommand command, CancellationToken cancellationToken) =>
        await ReadTargetAsync(call, command, cancellationToken) switch
        {
            Outcome<RevocationTarget>.Done(var target) when await AdminOwnership.WhyNotTargetAsync(call, target, cancellationToken) is { } foreign => new Outcome<RevocationTarget>.Refused(foreign),
            Outcome<RevocationTarget>.Refused({ Kind: PkiProblemKind.NotFound or PkiProblemKind.Conflict }) when call.Owners is not null => new Outcome<RevocationTarget>.Refused(call.NotOwned("that is not known to be a certificate of yours")),
            var outcome => outcome,
        };

    /// <summary>Alone nobody goes beyond the limit, though the number may have grown since it was counted.</summary>
    private static long? Confirmed(AdminCall call, RevokeCommand command) => call.IsApproved || call.Caller.IsWaived ? command.Confirmed : null;

    /// <summary>Whether it takes more than one person may take alone, with what he took within the last hour.</summary>
    private static async ValueTask<bool> IsAboveLimitAsync(AdminCall call, RevokeCommand command, RevocationReason reason, CancellationToken cancellationToken) =>
        await TargetAsync(call, command, cancellationToken) is Outcome<RevocationTarget>.Done(var target)
        && await call.Services.Authority.Revocations.PreviewAsync(target, reason, command.IncludeAppliance, cancellationToken) is Outcome<SelectionPreview>.Done(var preview)
        && !call.Services.Revoked.TryTake(call.Caller.Name, preview.Certificates, call.Services.Authority.Options.UnconfirmedRevocations, call.Services.Time);

    private static async ValueTask<Outcome<RevocationTarget>> ReadTargetAsync(AdminCall call, RevokeCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case { Certificate: { } encoded }:
                return HasConditions(command)
                    ? Malformed("'certificate' stands alone: leave the other conditions out")
                    : ParseCertificate(encoded) is { } certificate
                        ? new Outcome<RevocationTarget>.Done(new RevocationTarget.OneCertificate(certificate))
                        : Malformed("'certificate' must be one certificate, PEM or base64 of the DER");
            case { Serial: { } text }:
                return HasConditions(command with { Authority = null, Serial = null })
                    ? Malformed("a serial number stands alone (with its 'authority'): leave the other conditions out")
                    : AdminCertificates.Serial(text) is { } serial
                        ? await SerialTargetAsync(call, command.Authority, serial, cancellationToken)
                        : new Outcome<RevocationTarget>.Refused(AdminCertificates.BadSerial);
            case { Agent: { } agent } when !HasConditions(command with { Agent = null }):
                return new Outcome<RevocationTarget>.Done(new RevocationTarget.Agent(agent, command.Then, command.WithDescendants));
            default:
                return SelectorOf(command) switch
                {
                    Outcome<RevocationSelector>.Done(var selector) => new Outcome<RevocationTarget>.Done(new RevocationTarget.Selection(selector, command.Then)),
                    Outcome<RevocationSelector>.Refused(var problem) => new Outcome<RevocationTarget>.Refused(problem),
                    _ => throw new InvalidOperationException(),
                };
        }
    }

    private static Outcome<RevocationSelector> SelectorOf(RevokeCommand command)
    {
        ReadOnlyMemory<byte>? key = null;
        if (command.Key is { } hex)
        {
            if (hex.Length != 64 || !hex.All(char.IsAsciiHexDigit))
            {
                return new Outcome<RevocationSelector>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'key' is the SHA-256 of a SubjectPublicKeyInfo: 64 hexadecimal digits"));
            }

            key = Convert.FromHexString(hex);
        }

        var selector = new RevocationSelector
        {
            Authority = command.Authority,
            Agent = command.Agent,
            WithDescendants = command.WithDescendants,
            AgentsUnder = command.AgentsUnder,
            Owner = command.Owner,
            Profile = command.Profile,
            Algorithm = command.Algorithm,
            KeyFingerprint = key,
            IssuedFrom = command.IssuedFrom,
            IssuedBefore = command.IssuedBefore,
            Requester = command.Requester,
        };
        return selector.WhyNot() is { } reason
            ? new Outcome<RevocationSelector>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, reason))
            : new Outcome<RevocationSelector>.Done(selector);
    }

    private static bool HasConditions(RevokeCommand command) =>
        (command.Authority ?? command.Serial ?? command.Agent ?? command.AgentsUnder ?? command.Owner ?? command.Profile ?? command.Algorithm ?? command.Key ?? command.Requester) is not null
        || (command.IssuedFrom ?? command.IssuedBefore) is not null;

    private static async ValueTask<Outcome<RevocationTarget>> SerialTargetAsync(AdminCall call, string? authority, byte[] serial, CancellationToken cancellationToken)
    {
        if (authority is not null)
        {
            return new Outcome<RevocationTarget>.Done(new RevocationTarget.Serial(authority, serial));
        }

        return await AdminCertificates.FindEverywhereAsync(call, serial, cancellationToken) switch
        {
            [var only] => new Outcome<RevocationTarget>.Done(new RevocationTarget.Serial(only.Certificate.Authority, serial)),
            [] => AdminCall.NotFound<RevocationTarget>("no CA of this appliance has issued that serial number"),
            _ => new Outcome<RevocationTarget>.Refused(new PkiProblem(PkiProblemKind.Conflict, "several CAs have issued that serial number; name the 'authority'")),
        };
    }

    private static Outcome<RevocationTarget> Malformed(string detail) => new Outcome<RevocationTarget>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, detail));

    private static Certificate? ParseCertificate(string text)
    {
        try
        {
            var der = PemEncoding.TryFind(text, out var fields) && text[fields.Label] == "CERTIFICATE" ? Convert.FromBase64String(text[fields.Base64Data]) : Convert.FromBase64String(text);
            return Certificate.TryParse(der, out var certificate, out _) ? certificate : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
