using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Pkcs11.Errors;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Ceremony;

/// <summary>Officers' cards at this terminal: <c>card KIND LABEL</c>, where KIND is a folder in hsm-config/ or the path of a token.yaml.</summary>
internal sealed class CardReader(Terminal terminal, ApplianceHome home, TimeProvider clock)
{
    private const string Word = "card ";

    /// <summary>Whether what was typed names a card and not a file.</summary>
    public static bool IsCard(string typed) => typed.StartsWith(Word, StringComparison.Ordinal);

    /// <summary>Opens an officer's card, after asking for its PIN.</summary>
    /// <returns>The key; or why not, without a full stop.</returns>
    public async Task<(OfficerKey? Key, string? Problem)> OpenAsync(string typed, Officer officer, CancellationToken cancellationToken)
    {
        if (typed[Word.Length..].Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is not [var kind, var label])
        {
            return (null, "A card is named by its kind and its label: card softhsm alice");
        }

        try
        {
            var (pin, card) = await ConnectAsync(kind, label, officer.Name, cancellationToken);
            try
            {
                var key = await OfficerCard.OpenAsync(card, officer, cancellationToken);
                return (key.Owning(async () =>
                {
                    await card.DisposeAsync();
                    pin.Dispose();
                }), null);
            }
            catch
            {
                await card.DisposeAsync();
                pin.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is InvalidOperationException or KeyUnavailableException or NotSupportedException or CommandException or TokenCallException)
        {
            return (null, error.Message.TrimEnd('.'));
        }
    }

    /// <summary>Asks for the PIN and logs in. Both are the caller's to dispose, the card first.</summary>
    /// <exception cref="CommandException">There is no such card, or it refuses.</exception>
    public async Task<(PinInMemory Pin, Pkcs11Provider Card)> ConnectAsync(string kind, string label, string owner, CancellationToken cancellationToken)
    {
        var (memory, length) = TerminalInput.ReadHidden(terminal, $"   PIN of {owner}'s card: ", cancellationToken);
        PinInMemory pin;
        using (memory)
        {
            pin = PinInMemory.Holding(length == 0 ? " "u8 : memory.GetSpan()[..length]);
        }

        try
        {
            var options = TokenAccess.OptionsOfCard(home.Root, kind, label, pin);
            return (pin, await TokenAccess.OpenAsync(options, clock, NullLoggerFactory.Instance, cancellationToken));
        }
        catch
        {
            pin.Dispose();
            throw;
        }
    }
}
